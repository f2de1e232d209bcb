// The diagnostics channels of the library: free while nobody subscribes.
import { channel } from "node:diagnostics_channel";

/**
 * What each channel carries:
 *
 * - `hawser:connection:open`: `{ connection }`
 * - `hawser:connection:message`: `{ connection, message }` (a string, a Uint8Array, or a fragment where messages are streamed)
 * - `hawser:connection:close`: `{ connection, report }`
 * - `hawser:handler:fault`: `{ connection, error }`; `connection` is undefined for a fault in an `upgrade` hook
 * - `hawser:handshake:refused`: `{ error, remoteAddress }`
 */
export const connectionOpen: ReturnType<typeof channel> = channel("hawser:connection:open");
export const connectionMessage: ReturnType<typeof channel> = channel("hawser:connection:message");
export const connectionClose: ReturnType<typeof channel> = channel("hawser:connection:close");
export const handlerFault: ReturnType<typeof channel> = channel("hawser:handler:fault");
export const handshakeRefused: ReturnType<typeof channel> = channel("hawser:handshake:refused");
