// Protocol::WebSocket, of Perl, as a server and as a client of hixie-75, hixie-76, hybi-08 and RFC 6455.
import { describeLegacyClient } from "./legacy-client-suite.ts";
import { describeLegacyServer } from "./legacy-suite.ts";
import { loads, script } from "./programs.ts";

const perl = {
  isThere: loads("perl", "use Protocol::WebSocket"),
  install: "apt-get install libprotocol-websocket-perl",
};

describeLegacyServer({
  ...perl,
  name: "Protocol::WebSocket as a server",
  command: script("perl", "protocol-websocket-server.pl"),
  versions: [
    // Its answer begins with "WebSocket Protocol Handshake", where the draft has a space in "Web Socket".
    { version: "hixie-75", lenient: true, subprotocol: true },
    { version: "hixie-76", subprotocol: true },
    { version: "hybi-08", subprotocol: true },
    { version: "rfc6455", subprotocol: true },
  ],
  can: { fragments: true, ping: true },
});

describeLegacyClient({
  ...perl,
  name: "Protocol::WebSocket as a client",
  command: script("perl", "protocol-websocket-client.pl"),
  // Its hixie-76 announces the eight bytes behind the head with a Content-Length, which the draft does not have.
  versions: ["hixie-75", "hixie-76", "hybi-08", "rfc6455"],
});
