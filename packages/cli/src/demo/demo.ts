// The demo: three WebSocket endpoints, and a page to try them from, on one port.
import { type Server, serve } from "hawser";
import { chatRooms } from "./chat.ts";
import { echo } from "./echo.ts";
import { meow } from "./meow.ts";
import { pageListener } from "./page.ts";

/** Starts it. Rejects with the system's error if it cannot listen there. */
export function startDemo(place: { readonly host: string; readonly port: number }): Promise<Server> {
  return serve({
    ...place,
    resources: { "/echo": echo, "/chat/:room": chatRooms(), "/meow": meow },
    http: pageListener(),
    // Photos may be sent; a hundred people who all send one at a time take 1.6 GiB.
    limits: { message: 16 * 1024 * 1024, connections: 100 },
  });
}
