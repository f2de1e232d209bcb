// Echo clients over sockets: messages of all sizes.
import { clients } from "./echo-client.ts";
import { describeSizes, FRAGMENTS } from "./sizes.ts";

describeSizes("an echo client over TCP", "client", clients.TCP, FRAGMENTS);
describeSizes("an echo client over TLS", "client", clients.TLS, [4096]);
