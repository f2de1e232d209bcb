// Echo clients made with the public API, as ends that a conformance suite can question.
import { type CloseReport, type ConnectOptions, connect } from "hawser";
import { certificateFor, type KeyPair } from "../serve/support/certificates.ts";
import { Mailbox } from "../support/mailbox.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { type EchoEnd, limits } from "./questions.ts";

/** What an echo runs over. Whatever it is, the peer must not see a difference. */
export const clients = { TCP: overTcp, TLS: overTls } as const;

function overTcp(): Promise<EchoEnd> {
  return echoing(undefined);
}

function overTls(): Promise<EchoEnd> {
  return echoing(certificateFor("localhost"));
}

async function echoing(pair: KeyPair | undefined): Promise<EchoEnd> {
  const reports = new Mailbox<CloseReport>();
  const server = await ScriptedServer.listen(undefined, { tls: pair });
  const options: ConnectOptions = { limits, ...(pair && { tls: { ca: pair.cert } }) };
  const echo = async () => {
    const ws = await connect(server.url("/", "localhost"), options);
    void ws.closed.then((report) => reports.put(report));
    for await (const message of ws) ws.send(message);
  };
  return {
    role: "client",
    reports,
    async meet() {
      // An end that is not normal is what is asked for: the report tells of it.
      void echo().catch(() => undefined);
      const caller = await server.callers.take();
      await caller.accept();
      return caller;
    },
    close: () => server.close(),
  };
}
