// Deno: echo on "/", and what comes to /pub goes to everybody on /sub.
const subscribers = new Set();

function listen(socket, path) {
  if (path === "/sub") {
    socket.onopen = () => subscribers.add(socket);
    socket.onclose = () => subscribers.delete(socket);
  } else if (path === "/pub") {
    socket.onmessage = ({ data }) => {
      for (const subscriber of subscribers) subscriber.send(data);
    };
  } else {
    socket.onmessage = ({ data }) => socket.send(data);
  }
}

Deno.addSignalListener("SIGUSR2", () => globalThis.gc?.());
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  listen(socket, new URL(request.url).pathname);
  return response;
});
