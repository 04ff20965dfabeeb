"""The servers that `tests.bench.intake` compares: `python -m tests.bench.intake_servers NAME PORT`.

What they have in common is one POST route. Only greenbot itself, which is started as `greenbot serve`, looks
at what it gets.
"""

import asyncio
import sys

HOST = "127.0.0.1"


def bare(port: int) -> None:
    """aiohttp as its documentation shows it; the handler reads the body and answers."""
    from aiohttp import web

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/api/v1/webhooks/green-api", handle)
    web.run_app(app, host=HOST, port=port, print=None, access_log=None)


def bare_uvloop(port: int) -> None:
    """The same on uvloop."""
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    bare(port)


def official(port: int) -> None:
    """The official Python webhook server; its handler is called with three arguments and does nothing."""
    from whatsapp_api_webhook_server_python.webhooksHandler import startServer

    def on_event(handler: object, type_webhook: str, body: object) -> None:
        """Nothing is kept."""

    startServer(HOST, port, on_event)


def one_by_one(port: int) -> None:
    """greenbot with a commit of its own for every request."""
    from greenbot.cli.main import main
    from greenbot.inbox import group

    group.MOST_AT_ONCE = 1
    sys.exit(main(["serve", "--port", str(port), "--no-worker", "--no-process", "--no-hooks", "--no-alerts"]))


if __name__ == "__main__":
    {"bare": bare, "bare_uvloop": bare_uvloop, "official": official, "one_by_one": one_by_one}[sys.argv[1]](
        int(sys.argv[2])
    )
