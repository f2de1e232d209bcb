// Bun: echo on "/", and what comes to /pub goes to everybody on /sub by the topics of Bun.
const compression = process.argv.includes("--compression");

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, self) {
    const path = new URL(request.url).pathname;
    if (!self.upgrade(request, { data: { path } }))
      return new Response("for WebSockets only", { status: 426 });
  },
  websocket: {
    maxPayloadLength: 16 * 1024 * 1024,
    backpressureLimit: 64 * 1024 * 1024,
    perMessageDeflate: compression,
    open(ws) {
      if (ws.data.path === "/sub") ws.subscribe("all");
    },
    message(ws, message) {
      if (ws.data.path === "/pub") server.publish("all", message, compression);
      else ws.send(message, compression);
    },
  },
});
process.on("SIGUSR2", () => Bun.gc(true));
console.log(server.port);
