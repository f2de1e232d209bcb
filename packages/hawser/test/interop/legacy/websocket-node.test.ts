// websocket, of npm (WebSocket-Node), as a server and as a client of hybi-08 and RFC 6455.
import { describeLegacyClient } from "./legacy-client-suite.ts";
import { describeLegacyServer } from "./legacy-suite.ts";
import { node } from "./programs.ts";

const npm = {
  isThere: true,
  install: "npm install",
  // To every code that it knows.
  answersWith: 1000,
};

describeLegacyServer({
  ...npm,
  name: "websocket as a server",
  command: node("websocket-node-server.mjs"),
  versions: [
    { version: "hybi-08", subprotocol: true },
    { version: "rfc6455", subprotocol: true },
  ],
  refused: [
    ["hybi-07", 426],
    ["hixie-76", 400],
  ],
  can: { fragments: true, ping: true },
});

describeLegacyClient({
  ...npm,
  name: "websocket as a client",
  command: node("websocket-node-client.mjs"),
  versions: ["hybi-08", "rfc6455"],
});
