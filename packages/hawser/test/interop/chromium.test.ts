// Chromium's own WebSocket against our server.

import { chromium } from "./chromium-peer.ts";
import { describePeer } from "./peer-suite.ts";

describePeer(chromium);
