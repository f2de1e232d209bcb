// hybi-04's masks: a chain of SHA-1 from the keys of the handshake to one key of twenty bytes for each frame.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../../support/bytes.ts";
import { combined, frameKey, framingFor, outcome, refused, sentBy, sessionOf, taken } from "./support.ts";

const version = "hybi-04";

test("the key of a frame is SHA-1 of the four bytes before it and the connection's key", () => {
  const key = bytes`9d 20 1b bb 5a 4c 94 1a c5 08 75 43 ca 40 9c 45 bb 3c e7 84`;
  expect(frameKey(bytes`37 fa 21 3d`)).toEqual(key);
});

describe("a text of Hello", () => {
  const wire = bytes`37 fa 21 3d 19 25 53 de 36 20 fb`;

  test("from a client", () => {
    const session = sessionOf(version, "client");
    session.wire.sendText("Hello");
    expect(sentBy(session)).toEqual(wire);
  });

  test("to a server", () => {
    taken(version, "server", wire, ["Hello"]);
  });

  test("to a client, and from a server, in clear", () => {
    const clear = bytes`84 05 ${"Hello"}`;
    taken(version, "client", clear, ["Hello"]);
    expect(framingFor(version).encodeMessage("Hello", undefined)).toEqual(clear);
  });
});

test("an empty Close from a client", () => {
  expect(sentBy(sessionOf(version, "client").close())).toEqual(bytes`37 fa 21 3d 1c 20`);
  expect(sentBy(outcome(version, "server", bytes`37 fa 21 3d 1c 20`))).toEqual(bytes`81 00`);
});

test("each frame has a key of its own, which begins again with it", () => {
  const frames = [bytes`00 00 00 00`, bytes`ff ff ff ff`, bytes`0d 0a 0d 0a`].map((nonce, index) => {
    const frame = bytes`85 ${50 + index} ${filler(50 + index)}`;
    return Buffer.concat([nonce, combined(frame, frameKey(nonce))]);
  });
  taken(version, "server", Buffer.concat(frames), [50, 51, 52].map(filler));
});

describe("what is masked otherwise is refused", () => {
  const end = { cause: "protocol", code: 1002 } as const;

  test("a frame combined with the connection's key itself, as libwebsockets sent it (January to April 2011)", () => {
    refused(version, "server", bytes`37 fa 21 3d a7 27 65 2b a3 f6 9d`, end, bytes`81 00`);
  });

  test("a frame in clear", () => {
    refused(version, "server", bytes`84 05 ${"Hello"}`, end, bytes`81 00`);
  });

  test("a masked frame of a server", () => {
    const answer = bytes`37 fa 21 3d 1c 20`;
    refused(version, "client", bytes`37 fa 21 3d 19 25 53 de 36 20 fb`, end, answer);
  });
});
