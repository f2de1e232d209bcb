// Sends text messages of 128 bytes to whoever connects, as fast as they are taken. The frames are made once: a block of them is
// written over and over, so that the server is never what limits.
import { createHash } from "node:crypto";
import { createServer } from "node:net";

const frame = Buffer.concat([Buffer.from([0x81, 126, 0, 128]), Buffer.alloc(128, "hawser ")]);
const block = Buffer.alloc(frame.length * 4096, frame);

const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (request) => {
    const key = /^sec-websocket-key: (.*)\r$/im.exec(request.toString("latin1"))[1];
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const send = () => {
      while (socket.write(block));
    };
    socket.on("drain", send);
    send();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
