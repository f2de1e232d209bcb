// Compression with `ws` and with ours: the same is agreed on, and the same is compressed.
import { Buffer } from "node:buffer";
import { serve } from "hawser";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { inflated } from "../support/deflate.ts";
import { masked } from "../support/frames.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";
import { both, urlOf } from "./coming-from-ws-support.ts";

const port = 0;

async function withWs() {
  // #region compression: ws
  const server = new WebSocketServer({
    port,
    perMessageDeflate: {
      threshold: 512,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      zlibDeflateOptions: { level: 1, memLevel: 4, windowBits: 12 },
    },
  });
  server.on("connection", (ws) => {
    ws.on("message", (data, binary) => ws.send(data, { binary, compress: !binary }));
  });
  // #endregion
  return urlOf(server);
}

async function withHawser() {
  // #region compression: Hawser
  const server = await serve(
    { port, compression: { threshold: 512, level: 1, memLevel: 4, windowBits: 12 } },
    { message: (ws, data) => ws.send(data, { compress: typeof data === "string" }) },
  );
  // #endregion
  return urlOf(server);
}

test.each(both(withWs, withHawser))(
  "%s compresses text from 512 bytes on, and nothing else",
  async (_, start) => {
    const url = new URL(await start());
    const client = await RawClient.dial(Number(url.port));
    const offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    client.socket.write(Buffer.concat([REQUEST.subarray(0, -2), Buffer.from(offer)]));
    expect(await client.readHead()).toContain(
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    );
    const text = "a".repeat(512);
    await client.send(
      Buffer.concat([masked.text(text), masked.text("short"), masked.binary(Buffer.from(text))]),
    );
    const [large, short, binary] = await client.frames(3);
    expect([large?.rsv, short?.rsv, binary?.rsv]).toEqual([0x40, 0, 0]);
    expect(inflated(large!.payload).toString()).toBe(text);
    client.socket.destroy();
  },
);
