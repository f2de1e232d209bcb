// faye-websocket 0.3.1, of npm (2012), as a server of hixie-75, hybi-07 and hybi-08.
import { describeLegacyServer } from "./legacy-suite.ts";
import { node } from "./programs.ts";

describeLegacyServer({
  name: "faye-websocket 0.3.1",
  isThere: true,
  install: "npm install",
  command: node("faye-websocket-server.mjs"),
  versions: [{ version: "hixie-75" }, { version: "hybi-07" }, { version: "hybi-08" }],
  // Its proof in hixie-76 is wrong in every Node since 6: it hashes bytes as if they were text.
  refused: [["hixie-76", 101]],
  can: { fragments: false, ping: false },
});
