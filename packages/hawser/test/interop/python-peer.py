"""A WebSocket client that does what it is asked: one question per line of its input, one answer per line of its output."""

import asyncio
import base64
import json
import ssl
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

LIMIT = 64 * 1024 * 1024

# The certificates of the tests sign themselves.
trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
trusting.check_hostname = False
trusting.verify_mode = ssl.CERT_NONE

sockets = {}


def pack(message):
    if isinstance(message, str):
        return {"text": message}
    return {"base64": base64.b64encode(message).decode()}


def unpack(parcel):
    return parcel["text"] if "text" in parcel else base64.b64decode(parcel["base64"])


def extensions(deflate):
    """What is offered: what it always offers, or permessage-deflate with these parameters."""
    if deflate is None:
        return {}
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=deflate.get("serverNoContextTakeover", False),
        client_no_context_takeover=deflate.get("clientNoContextTakeover", False),
        server_max_window_bits=deflate.get("serverMaxWindowBits"),
        client_max_window_bits=deflate.get("clientMaxWindowBits"),
    )
    return {"compression": None, "extensions": [factory]}


async def connect(url, subprotocols=None, headers=None, cookie=None, deflate=None):
    lines = dict(headers or {})
    if cookie is not None:
        lines["Cookie"] = cookie
    try:
        socket = await websockets.connect(
            url,
            ssl=trusting if url.startswith("wss:") else None,
            subprotocols=subprotocols,
            extra_headers=lines,
            max_size=LIMIT,
            ping_interval=None,
            **extensions(deflate),
        )
    except websockets.InvalidStatusCode as error:
        return {"refused": error.status_code}
    number = len(sockets) + 1
    sockets[number] = socket
    return {"id": number, "subprotocol": socket.subprotocol or ""}


async def send(id, message):
    await sockets[id].send(unpack(message))


async def receive(id):
    return pack(await sockets[id].recv())


async def close(id, code=1000, reason=""):
    # Not awaited: the test has its own way of seeing the end.
    asyncio.ensure_future(sockets[id].close(code, reason))


async def closed(id):
    await sockets[id].wait_closed()
    return {"code": sockets[id].close_code, "reason": sockets[id].close_reason or ""}


async def drop(id):
    sockets[id].transport.abort()


async def fragments(id, messages):
    await sockets[id].send(unpack(message) for message in messages)


async def ping(id, payload):
    await (await sockets[id].ping(payload))


operations = {f.__name__: f for f in (connect, send, receive, close, closed, drop, fragments, ping)}


async def answer(number, operation, argument):
    try:
        result = {"result": await operations[operation](**argument)}
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"number": number, **result}), flush=True)


async def main():
    reader = asyncio.StreamReader(limit=LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        question = json.loads(line)
        asyncio.ensure_future(answer(**question))


asyncio.run(main())
