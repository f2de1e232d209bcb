"""A server with Python's websockets that does what the path says (see client-suite.ts). Prints its two ports, and ends with its stdin."""

import asyncio
import contextlib
import http
import json
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

import websockets

LIMIT = 4 * 1024 * 1024

ends = {}


def end_of(number):
    """How the connection with this id ended, once it has."""
    return ends.setdefault(number, asyncio.get_running_loop().create_future())


def thirds(message):
    size = -(-len(message) // 3)
    return [message[part * size : (part + 1) * size] for part in range(3)]


async def reply(ws, path, query, message):
    # The client may have gone meanwhile.
    with contextlib.suppress(websockets.ConnectionClosed):
        await act(ws, path, query, message)


async def act(ws, path, query, message):
    if path == "/echo":
        await ws.send(message)
    elif path == "/close":
        await ws.close(int(query.get("code", 1000)), query.get("reason", ""))
    elif path == "/drop":
        ws.transport.abort()
    elif path == "/ping":
        await (await ws.ping(message))
        await ws.send("pong " + message)
    elif path == "/fragments":
        await ws.send(thirds(message))


async def handle(ws):
    parts = urlsplit(ws.path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    with contextlib.suppress(websockets.ConnectionClosedError):
        if parts.path == "/request":
            headers = {name.lower(): value for name, value in ws.request_headers.raw_items()}
            await ws.send(json.dumps({"target": ws.path, "headers": headers}))
        if parts.path == "/end":
            await ws.send(json.dumps(await end_of(query["of"])))
        async for message in ws:
            # Not awaited: while it waits, a pong or a Close must be read.
            asyncio.ensure_future(reply(ws, parts.path, query, message))
    await ws.wait_closed()
    if "id" in query:
        end_of(query["id"]).set_result({"code": ws.close_code, "reason": ws.close_reason or ""})


async def refuse(path, headers):
    if path == "/refused":
        return http.HTTPStatus.UNAUTHORIZED, [("X-Why", "no")], b"who are you?"


async def serve(context):
    server = await websockets.serve(
        handle,
        "127.0.0.1",
        0,
        ssl=context,
        subprotocols=["chat.v2"],
        extra_headers=[("X-Room", "a")],
        process_request=refuse,
        max_size=LIMIT,
        ping_interval=None,
        backlog=4096,
    )
    return server.sockets[0].getsockname()[1]


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[1])
    print(json.dumps({"ws": await serve(None), "wss": await serve(context)}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


asyncio.run(main())
