// Echo servers over sockets: messages of all sizes.
import { servers } from "./echo-server.ts";
import { describeSizes, FRAGMENTS } from "./sizes.ts";

// How a message came makes no difference to how it is answered: the long list is for one echo.
describeSizes("an echo server by hooks", "server", servers.hooks, FRAGMENTS);
describeSizes("an echo server by session", "server", servers.session, [4096]);
