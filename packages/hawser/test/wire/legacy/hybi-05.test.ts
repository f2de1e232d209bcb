// hybi-05's and hybi-06's masks: four bytes before a frame, over the header too; and whose Close says C, and whose S.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../../support/bytes.ts";
import { combined, outcome, refused, sentBy, sessionOf, taken } from "./support.ts";

describe.each(["hybi-05", "hybi-06"] as const)("%s", (version) => {
  const close = { client: bytes`37 fa 21 3d b6 fb 62`, server: bytes`81 01 53` };

  test("a mask covers the header and the payload", () => {
    taken(version, "server", bytes`00 00 01 00 84 05 49 65 6c 6c 6e`, ["Hello"]);
    const session = sessionOf(version, "client", { maskKey: () => 0x00010000 });
    session.wire.sendText("Hello");
    expect(sentBy(session)).toEqual(bytes`00 00 01 00 84 05 49 65 6c 6c 6e`);
  });

  test.each([bytes`00 00 00 00`, bytes`ff ff ff ff`, bytes`80 00 00 01`])(
    "%o is a mask like any other",
    (mask) => {
      const frame = (size: number) => combined(bytes`85 ${size} ${filler(size)}`, mask);
      const input = [40, 41, 42].flatMap((size) => [mask, frame(size)]);
      taken(version, "server", Buffer.concat(input), [40, 41, 42].map(filler));
    },
  );

  test("no mask, to a server, and one, to a client, are refused", () => {
    const server = sessionOf(version, "server").receive(bytes`84 05 ${"Hello"}`);
    expect(server.end().sink.of("closed")[0]?.end).toMatchObject({ code: 1002, cause: "protocol" });
    const client = sessionOf(version, "client").receive(bytes`37 fa 21 3d b3 ff 69 58 5b 96 4e`);
    expect(client.end().sink.of("closed")[0]?.end).toMatchObject({ code: 1002, cause: "protocol" });
  });

  if (version !== "hybi-05") return;

  test("a client's own Close says C, a server's S", () => {
    expect(sentBy(sessionOf(version, "client").close())).toEqual(close.client);
    expect(sentBy(sessionOf(version, "server").close())).toEqual(close.server);
  });

  test("an answer says what the Close said, as em-websocket has it", () => {
    expect(sentBy(outcome(version, "server", close.client))).toEqual(bytes`81 01 43`);
    expect(sentBy(outcome(version, "client", close.server))).toEqual(bytes`37 fa 21 3d b6 fb 72`);
  });

  test("so does one that ends a connection which broke a rule", () => {
    const end = { cause: "protocol", code: 1002 } as const;
    refused(version, "server", combinedFrame(bytes`8f 00`), end, close.server);
    refused(version, "client", bytes`8f 00`, end, close.client);
  });
});

function combinedFrame(frame: Uint8Array): Buffer {
  const mask = bytes`37 fa 21 3d`;
  return Buffer.concat([mask, combined(frame, mask)]);
}
