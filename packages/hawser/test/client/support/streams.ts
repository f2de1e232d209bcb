// Streams that an application makes by itself, for createConnection.
import { connect as netConnect, type Socket } from "node:net";
import { Duplex } from "node:stream";

/** Bytes through another stream, as a stream that is no socket. */
export function wrapped(socket: Socket): Duplex {
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on("end", () => stream.push(null));
  socket.on("error", (error) => stream.destroy(error));
  socket.on("close", () => stream.destroy());
  return stream;
}

/** A socket, connected to this port of 127.0.0.1. */
export function connectedSocket(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket: Socket = netConnect(port, "127.0.0.1", () => resolve(socket));
  });
}
