// em-websocket, of Ruby, as a server of hixie-75 to RFC 6455 (all but hybi-04).
import { describeLegacyServer } from "./legacy-suite.ts";
import { loads, script } from "./programs.ts";

describeLegacyServer({
  name: "em-websocket",
  isThere: loads("ruby", 'require "em-websocket"'),
  install: "apt-get install ruby-em-websocket",
  command: script("ruby", "em-websocket-server.rb"),
  versions: [
    { version: "hixie-75" },
    // It closes without the FF 00 of the draft.
    { version: "hixie-76", hangsUp: true, subprotocol: true },
    { version: "hybi-01", subprotocol: true },
    { version: "hybi-02", subprotocol: true },
    { version: "hybi-03", subprotocol: true },
    // At the second of three fragments it forgets what kind of message it is, and drops the message.
    { version: "hybi-05", pieces: 1 },
    { version: "hybi-06", pieces: 1 },
    { version: "hybi-07" },
    { version: "hybi-08" },
    { version: "rfc6455" },
  ],
  // It hangs up, where later drafts have a status for it.
  refused: [["hybi-04", 0]],
  can: { fragments: false, ping: true },
});
