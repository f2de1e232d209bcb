// An echo server, put to the questions of conformance suites on compression.
import { Buffer } from "node:buffer";
import { type CloseReport, serve } from "hawser";
import { onTestFinished } from "vitest";
import { Mailbox } from "../support/mailbox.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";
import { describeCompression, type StartCompressed } from "./compression.ts";

const start: StartCompressed = async (compression) => {
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1", compression },
    {
      message(ws, message) {
        ws.send(message);
      },
      close(_ws, report) {
        reports.put(report);
      },
    },
  );
  return {
    role: "server",
    reports,
    meet: () => RawClient.open(server.port),
    async negotiate(extensions) {
      const peer = await RawClient.dial(server.port);
      onTestFinished(() => peer.hangUp());
      const line = `Sec-WebSocket-Extensions: ${extensions}\r\n\r\n`;
      peer.socket.write(Buffer.concat([REQUEST.subarray(0, -2), Buffer.from(line)]));
      const head = await peer.readHead();
      return { peer, agreed: /^Sec-WebSocket-Extensions: (.*)$/im.exec(head)?.[1] ?? "" };
    },
    close: () => server.close(),
  };
};

describeCompression("an echo server", "server", start);
