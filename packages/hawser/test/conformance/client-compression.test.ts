// An echo client, put to the questions of conformance suites on compression.
import { type CloseReport, connect } from "hawser";
import { onTestFinished } from "vitest";
import { Mailbox } from "../support/mailbox.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { describeCompression, type StartCompressed } from "./compression.ts";

const start: StartCompressed = async (compression) => {
  const reports = new Mailbox<CloseReport>();
  const server = await ScriptedServer.listen();
  const negotiate = async (extensions: string) => {
    const echo = async () => {
      const ws = await connect(server.url(), { compression });
      void ws.closed.then((report) => reports.put(report));
      for await (const message of ws) {
        ws.send(message);
        await ws.drain();
      }
    };
    void echo().catch((error: unknown) => reports.put(error as CloseReport));
    const peer = await server.callers.take();
    onTestFinished(() => peer.hangUp());
    await peer.accept({ headers: { "Sec-WebSocket-Extensions": extensions } });
    return { peer, agreed: extensions };
  };
  return {
    role: "client",
    reports,
    meet: async () => (await negotiate("permessage-deflate")).peer,
    negotiate,
    close: () => server.close(),
  };
};

describeCompression("an echo client", "client", start);
