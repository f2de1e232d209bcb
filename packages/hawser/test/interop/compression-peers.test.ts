// Chromium, undici, ws and Python's websockets with messages compressed, at our server.
import { chromium } from "./chromium-peer.ts";
import { describeCompressedPeer, offers } from "./compression-suite.ts";
import { python } from "./python-peer.ts";
import { undici } from "./undici-peer.ts";
import { ws } from "./ws-peer.ts";

// Python asks for 9 bits at least, as zlib; ws speaks all.
describeCompressedPeer(ws, [
  ...offers,
  { serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
  { serverMaxWindowBits: 8, clientMaxWindowBits: 15, serverNoContextTakeover: true },
]);
describeCompressedPeer(python, offers);
describeCompressedPeer(undici, []);
describeCompressedPeer(chromium, []);
