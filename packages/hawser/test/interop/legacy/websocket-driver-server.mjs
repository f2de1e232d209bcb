// A server with websocket-driver that does what the path says (see legacy-suite.ts). Prints its port, then how each connection ended.
import { createServer } from "node:net";
import process from "node:process";
import driverOf from "websocket-driver";

const onMessage = {
  // A message is a string, or bytes.
  "/echo": (driver, data) => (typeof data === "string" ? driver.text(data) : driver.binary(data)),
  "/bye": (driver, _data, query) =>
    driver.close(query.get("reason") ?? "", Number(query.get("code") ?? 1000)),
  "/ping": (driver, data) => driver.ping(data, () => driver.text(`pong ${data}`)),
};

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const driver = driverOf.server({ allowDrafts: true });
  let path = "";
  let query = new URLSearchParams();
  driver.on("connect", () => {
    ({ pathname: path, searchParams: query } = new URL(driver.url, "http://a"));
    driver.start();
  });
  driver.on("message", ({ data }) => onMessage[path]?.(driver, data, query));
  driver.on("close", ({ code, reason }) => {
    console.log(JSON.stringify({ id: query.get("id"), code, reason: reason ?? "" }));
    socket.end();
  });
  socket.on("error", () => socket.destroy());
  socket.on("end", () => driver.close());
  socket.pipe(driver.io).pipe(socket);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
