"""Many texts sent at once with greenbot's client over the worker's engine, without a store; prints the seconds.

usage: client_rate.py API_URL ID TOKEN COUNT AT_ONCE
"""

import asyncio
import sys
import time
from collections.abc import Iterator

from greenbot.api.client import Client, Credentials
from greenbot.api.engine import Engine
from greenbot.redact import Secret


async def _some(client: Client, numbers: Iterator[int]) -> None:
    for number in numbers:
        params = {"chatId": f"1100124{number % 1000:04d}@c.us", "message": f"text {number}"}
        outcome = await client.exchange("sendMessage", params)
        if not outcome.succeeded:
            sys.exit(f"a text was not accepted: {outcome.reason}")


async def main(api_url: str, id_instance: str, token: str, count: int, at_once: int) -> float:
    """Send them all; how long it took."""
    credentials = Credentials(
        instance_name="bench", id=id_instance, token=Secret(token), api_url=api_url, media_url=api_url
    )
    async with Engine(environ={}) as transport:
        client = Client(credentials, transport=transport)
        await client.exchange("getStateInstance", {})
        numbers = iter(range(count))
        begun = time.perf_counter()
        await asyncio.gather(*(_some(client, numbers) for _ in range(at_once)))
        return time.perf_counter() - begun


if __name__ == "__main__":
    api_url, id_instance, token, count, at_once = sys.argv[1:]
    print(asyncio.run(main(api_url, id_instance, token, int(count), int(at_once))))
