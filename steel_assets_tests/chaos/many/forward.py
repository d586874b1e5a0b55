"""Passes connections on: ``python forward.py LISTEN_HOST TARGET_HOST PORT …``, each port to the same port of the target.

Two of them, one on each side of a pair of network devices, let a namespace reach servers that listen on this machine's loopback
under the addresses that they have there.
"""

import asyncio
import sys
from contextlib import suppress


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while content := await reader.read(65_536):
            writer.write(content)
            await writer.drain()
    writer.close()


async def _forward(listen: str, target: str, port: int) -> None:
    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(target, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))

    server = await asyncio.start_server(passed_on, listen, port)
    await server.serve_forever()


async def main(listen: str, target: str, *ports: str) -> None:
    await asyncio.gather(*(_forward(listen, target, int(port)) for port in ports))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
