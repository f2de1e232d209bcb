"""Echo servers with Python's websockets, one for each set of parameters of permessage-deflate on the command line, as JSON. Prints their ports."""

import asyncio
import contextlib
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


async def echo(ws):
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in ws:
            await ws.send(message)


async def serve(parameters):
    factory = ServerPerMessageDeflateFactory(
        server_no_context_takeover=parameters.get("serverNoContextTakeover", False),
        client_no_context_takeover=parameters.get("clientNoContextTakeover", False),
        server_max_window_bits=parameters.get("serverMaxWindowBits"),
        client_max_window_bits=parameters.get("clientMaxWindowBits"),
    )
    server = await websockets.serve(echo, "127.0.0.1", 0, compression=None, extensions=[factory], ping_interval=None)
    return server.sockets[0].getsockname()[1]


async def main():
    print(json.dumps([await serve(parameters) for parameters in json.loads(sys.argv[1])]), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


asyncio.run(main())
