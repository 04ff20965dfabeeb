"""`greenbot serve`: webhooks in, messages out, in one process that runs until it is stopped."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

group = Group("serve", "Receive GREEN-API's webhooks, and send what waits.")


@group.command("serve")
def serve(
    run: Run,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Listen here; 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Listen on this port; 8080. 0 takes a free one.")
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Send nothing: another worker does.")] = False,
    no_process: Annotated[
        bool, typer.Option("--no-process", help="Only keep events; another process works them.")
    ] = False,
    no_hooks: Annotated[bool, typer.Option("--no-hooks", help="Forward no event to hooks.")] = False,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Do not ask GREEN-API each minute how the numbers are.")
    ] = False,
    handlers: Annotated[
        str | None, typer.Option("--handlers", metavar="MODULE:BOT", help="Call these functions for events.")
    ] = None,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Look at no alerts and tell nobody.")] = False,
    no_dashboard: Annotated[
        bool, typer.Option("--no-dashboard", help="Only webhooks: no figures, no alerts, no page over HTTP.")
    ] = False,
    drain_timeout: Annotated[
        str, typer.Option("--drain-timeout", metavar="DURATION", help="How long work under way may take at the end.")
    ] = "20s",
    ready_fd: Annotated[
        int | None, typer.Option("--ready-fd", min=3, metavar="N", help="Write the address to this file when ready.")
    ] = None,
) -> None:
    """Run the service: receive events, work them, send messages, until Ctrl-C or SIGTERM.

    An event is answered with 200 when it is on the disk, so nothing GREEN-API delivered is lost. SIGHUP
    reads the configuration and the tokens again. -v shows each event.

    Examples:
    greenbot serve
    greenbot serve --port 9000 -v
    greenbot serve --host 0.0.0.0 --no-worker
    greenbot serve --handlers frontdesk:bot
    """
    from greenbot.cli.serve_run import run_service
    from greenbot.cli.values import seconds_of
    from greenbot.serving.around import Wanted

    run.must_write()
    chosen = run.settings.server
    wanted = Wanted(
        host=chosen.host if host is None else host,
        port=chosen.port if port is None else port,
        worker=not no_worker,
        process=not no_process,
        hooks=not no_hooks,
        watch=not no_watch,
        pages=not no_dashboard,
        alerts=not no_alerts,
        handlers=handlers,
        drain_seconds=seconds_of(drain_timeout),
    )
    run_service(run, wanted, ready_fd=ready_fd)
