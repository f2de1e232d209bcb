// Python's websockets against our server.
import { describePeer } from "./peer-suite.ts";
import { pythonIsThere, startPython } from "./python-peer.ts";

describePeer({
  name: "Python's websockets",
  start: startPython,
  isThere: pythonIsThere,
  install: "apt-get install python3-websockets",
});
