// The option compression at each way into a server: what is answered, for whom it is off, and what is no option.
import { serve } from "hawser";
import { describe, expect, test } from "vitest";
import { deflated, inflated } from "../support/deflate.ts";
import { masked } from "../support/frames.ts";
import { Guard } from "./support/guard.ts";
import { requestFor } from "./support/requests.ts";
import { type HostOptions, ways } from "./support/ways-in.ts";

const guard = new Guard();
const OFFER = "permessage-deflate; client_max_window_bits";
const text = "compressed, compressed, ".repeat(100);

const offering = (extensions: string, path = "/") =>
  requestFor(path, { "Sec-WebSocket-Extensions": extensions });

describe.each(Object.entries(ways))("by %s", (_name, way) => {
  const answered = async (options: HostOptions, extensions = OFFER) => {
    const host = await guard.host(way, options);
    const peer = await guard.peer(host.target, offering(extensions));
    return { peer, host, agreed: (await peer.opened()).headers["sec-websocket-extensions"] };
  };

  test("is off by default", async () => {
    for (const options of [{}, { compression: false }]) {
      const { peer, agreed } = await answered(options);
      expect(agreed).toBeUndefined();
      await peer.echo("plain");
    }
  });

  test("answers what was offered, and messages are compressed both ways", async () => {
    const { peer, agreed } = await answered({ compression: true });
    expect(agreed).toBe("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    peer.write(masked.text(deflated(text), { rsv: 0x40 }));
    const [frame] = await peer.frames();
    expect(frame?.rsv).toBe(0x40);
    expect(inflated(frame!.payload).toString()).toBe(text);
    await peer.echo("short");
  });

  test("does what the options say", async () => {
    const { peer, agreed } = await answered({
      compression: { contextTakeover: true, windowBits: 10, threshold: 1 },
    });
    expect(agreed).toBe("permessage-deflate; server_max_window_bits=10; client_max_window_bits=10");
    peer.write(masked.text("aaaaaaaaaaaaaaaa"));
    expect(inflated((await peer.frames())[0]!.payload).toString()).toBe("aaaaaaaaaaaaaaaa");
  });

  test("is not used with a client that does not offer it", async () => {
    const { peer, agreed } = await answered({ compression: true }, "x-other");
    expect(agreed).toBeUndefined();
    peer.write(masked.text(text));
    expect(await peer.frames()).toMatchObject([{ rsv: 0, payload: Buffer.from(text) }]);
  });

  test("is not used with a client for which the hook says no", async () => {
    const host = await guard.host(way, {
      compression: true,
      decide: ({ path }) => ({ compression: path === "/yes", state: path }),
    });
    for (const [path, used] of [
      ["/no", false],
      ["/yes", true],
    ] as const) {
      const peer = await guard.peer(host.target, offering(OFFER, path));
      expect("sec-websocket-extensions" in (await peer.opened()).headers).toBe(used);
    }
  });

  test("the hook cannot say anything else of it", async () => {
    const decide = () => ({ compression: { level: 1 } as unknown as boolean });
    const host = await guard.host(way, { compression: true, decide });
    const peer = await guard.peer(host.target, offering(OFFER));
    expect((await peer.answer()).status).toBe(500);
    expect(host.faults).toEqual([
      new TypeError("compression of the answer must be true or false, not an object"),
    ]);
  });
});

test("wrong options are mistakes at the call", async () => {
  await expect(serve({ port: 0, compression: { windowBits: 16 } }, () => undefined)).rejects.toThrow(
    new RangeError("compression.windowBits must be a whole number from 8 to 15, not 16"),
  );
});
