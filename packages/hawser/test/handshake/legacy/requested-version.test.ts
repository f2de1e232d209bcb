// Which version a request asks for, in the order that tells all of them apart.
import { describe, expect, it } from "vitest";
import { HeaderList } from "../../../src/handshake/header-list.ts";
import { alikeVersions, requestedVersions } from "../../../src/handshake/legacy/requested-version.ts";
import { allVersions } from "../../../src/wire/legacy/framings.ts";
import type { WireVersion } from "../../../src/wire/wire.ts";
import { refusalOf } from "../support.ts";

const keys = { "Sec-WebSocket-Key1": "1 2", "Sec-WebSocket-Key2": "1 2" };
const asked = (headers: Record<string, string>, welcome: readonly WireVersion[] = allVersions) =>
  requestedVersions(new HeaderList(Object.entries(headers)), welcome);

describe("what a request may ask for", () => {
  it.each<[Record<string, string>, WireVersion[]]>([
    [{ "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "k" }, ["rfc6455"]],
    [{ "Sec-WebSocket-Version": "8" }, ["hybi-08"]],
    [{ "Sec-WebSocket-Version": "7" }, ["hybi-07"]],
    [{ "Sec-WebSocket-Version": "6" }, ["hybi-06"]],
    [{ "Sec-WebSocket-Version": "5" }, ["hybi-05"]],
    [{ "Sec-WebSocket-Version": "4" }, ["hybi-04"]],
    [{ "Sec-WebSocket-Version": "0", ...keys }, ["hixie-76"]],
    [{ "Sec-WebSocket-Draft": "0", ...keys }, ["hixie-76"]],
    [{ "Sec-WebSocket-Draft": "76", ...keys }, ["hixie-76"]],
    [{ "Sec-WebSocket-Draft": "1", ...keys }, ["hybi-01"]],
    [{ "Sec-WebSocket-Draft": "2", ...keys }, ["hybi-02"]],
    [{ "Sec-WebSocket-Draft": "3", ...keys }, ["hybi-02"]],
    [keys, ["hixie-76", "whatwg-2010-08", "hybi-01"]],
    [{}, ["hixie-75"]],
  ])("%j → %j", (headers, versions) => {
    expect(asked(headers)).toEqual(versions);
  });

  it("is only what is welcome", () => {
    expect(asked(keys, ["whatwg-2010-08"])).toEqual(["whatwg-2010-08"]);
    expect(asked(keys, ["hybi-01", "rfc6455"])).toEqual(["hybi-01"]);
    expect(asked({ ...keys, "Sec-WebSocket-Draft": "2" }, ["hybi-03"])).toEqual(["hybi-02"]);
  });
});

describe("what is refused", () => {
  it.each<[Record<string, string>, readonly WireVersion[], number, string | undefined]>([
    [{ "Sec-WebSocket-Version": "9" }, allVersions, 426, "13, 8, 7, 6, 5, 4"],
    [{ "Sec-WebSocket-Version": "8" }, ["rfc6455"], 426, "13"],
    [{ "Sec-WebSocket-Version": "13" }, ["hybi-08", "hybi-07"], 426, "8, 7"],
    [{ "Sec-WebSocket-Version": "13" }, ["hixie-76"], 426, undefined],
    [{ "Sec-WebSocket-Version": "0" }, allVersions, 426, "13, 8, 7, 6, 5, 4"],
    [{ "Sec-WebSocket-Version": "013" }, allVersions, 400, "13, 8, 7, 6, 5, 4"],
    [{}, ["rfc6455"], 400, "13"],
    [{}, ["hixie-76"], 400, undefined],
    [keys, ["rfc6455", "hixie-75"], 400, "13"],
    [{ ...keys, "Sec-WebSocket-Draft": "1" }, ["hixie-76"], 400, undefined],
    [{ ...keys, "Sec-WebSocket-Draft": "4" }, allVersions, 400, "13, 8, 7, 6, 5, 4"],
    // Neither one thing nor the other.
    [{ "Sec-WebSocket-Key": "k" }, allVersions, 400, "13, 8, 7, 6, 5, 4"],
    [{ "Sec-WebSocket-Key1": "1 2" }, allVersions, 400, "13, 8, 7, 6, 5, 4"],
    [{ "Sec-WebSocket-Key2": "1 2" }, allVersions, 400, "13, 8, 7, 6, 5, 4"],
  ])("%j where %j are welcome → %i", (headers, welcome, status, supported) => {
    const { headers: lines, ...refusal } = refusalOf(() => asked(headers, welcome));
    expect(refusal).toMatchObject({ status });
    expect(new Map(lines).get("Sec-WebSocket-Version")).toBe(supported);
    expect(new Map(lines).get("Upgrade")).toBe(status === 426 ? "websocket" : undefined);
  });
});

describe("versions that ask in the same words", () => {
  it("are those with two keys", () => {
    expect(alikeVersions(allVersions)).toEqual(["hixie-76", "whatwg-2010-08", "hybi-01"]);
    expect(alikeVersions(["rfc6455", "hixie-75", "hybi-02", "hixie-76"])).toEqual(["hixie-76"]);
    expect(alikeVersions(["rfc6455"])).toEqual([]);
  });
});
