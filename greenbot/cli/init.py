"""`greenbot init`: from nothing to the first message."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import CredentialsRefused, GreenbotError, UsageError

group = Group("init", "Set greenbot up")


@group.command("init")
def init(
    run: Run,
    sim: Annotated[
        bool, typer.Option("--sim", help="Three example hotels on the built-in simulator; no account needed.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="A name for the instance, such as grand-kyiv.")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="idInstance from the console.")] = None,
    api_url: Annotated[str | None, typer.Option("--api-url", metavar="URL", help="apiUrl from the console.")] = None,
    media_url: Annotated[
        str | None, typer.Option("--media-url", metavar="URL", help="mediaUrl from the console.")
    ] = None,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Read the API token from stdin.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="With --sim: the simulator's port; moves the hotels.")
    ] = None,
) -> None:
    """Set greenbot up: an instance, its token, the first message.

    Asks for what is missing. With --no-input it names what is missing instead.

    Examples:
    greenbot init --sim
    greenbot init
    greenbot init --no-input --name grand-kyiv --id 1101000001 --token-stdin < token.txt
    """
    run.must_write()
    if sim:
        _simulated_hotels(run, port)
        return
    name = name or _ask(run, "A name for this hotel, such as grand-kyiv: ", "--name")
    id_ = id_ or _ask(run, "idInstance from the console: ", "--id")
    if api_url is None and run.can_ask:
        api_url = run.out.ask("apiUrl from the console [https://api.green-api.com]: ").strip() or None
    _add(run, name, {"id": id_, "api_url": api_url, "media_url": media_url}, token_stdin=token_stdin)
    _check(run, name)


def _ask(run: Run, question: str, option: str) -> str:
    if not run.can_ask:
        raise UsageError(f"{option} is missing.", hint=f"Add {option}, or run greenbot init at a terminal.")
    answer = run.out.ask(question).strip()
    if not answer:
        raise UsageError("Nothing was typed; nothing was changed.")
    return answer


def _add(run: Run, name: str, fields: dict[str, str | None], *, token_stdin: bool) -> None:
    from greenbot.cli.secret_input import read_secret
    from greenbot.config.edit import add_instance, checked_instance

    given = {key: value for key, value in fields.items() if value is not None}
    checked_instance(name, given)
    if not token_stdin and not run.can_ask:
        raise UsageError(
            "--token-stdin is missing.", hint="Pipe the token in: greenbot init … --token-stdin < token.txt"
        )
    token = read_secret("apiTokenInstance from the console (not shown): ")
    add_instance(run.settings.paths, name, given, token=token)
    run.out.say(f"{name} is written to {run.settings.paths.config_file}; its token is in a file only you can read.")


def _check(run: Run, name: str) -> None:
    """Ask GREEN-API at once: a wrong token is found here, not with the first guest."""
    from greenbot.api.inline import run_inline

    del run.settings  # it was read before the instance was added
    try:
        answer = run_inline(run.client(run.settings.instance(name)).call("getStateInstance"))
    except CredentialsRefused as error:
        raise CredentialsRefused(
            f"{name} is set up. {error}",
            hint=f"Store the right token: greenbot instances edit {name} --token-stdin < token.txt",
            instance=name,
        ) from error
    except GreenbotError as error:
        run.out.warn(f"GREEN-API could not be asked about {name}: {error}")
        run.out.say(error.hint or f"Try again with: greenbot instances state {name}")
        return
    state = answer.get("stateInstance") if isinstance(answer, dict) else None
    run.out.record({"name": name, "state": state or "being created"}, essential="name")
    run.out.say(f'Send the first message: greenbot send text YOUR-NUMBER "Hello" -i {name}')


def _simulated_hotels(run: Run, port: int | None) -> None:
    from greenbot.cli.simserve import EXAMPLE_HOTELS, example_token
    from greenbot.cli.simulators import DEFAULT_PORT
    from greenbot.config.edit import add_instance, edit_instance, set_value
    from greenbot.redact import Secret

    url = f"http://127.0.0.1:{port or DEFAULT_PORT}"
    for name, number in EXAMPLE_HOTELS:
        place = {"api_url": url, "media_url": url}
        if name not in run.settings.instances:
            add_instance(run.settings.paths, name, {"id": str(number)} | place, token=Secret(example_token(number)))
        elif port is not None and run.settings.instances[name].id == str(number):
            edit_instance(run.settings.paths, name, place)
        else:
            run.out.say(f"{name} is there already.")
    if run.settings.default_instance is None:
        set_value(run.settings.paths, "default_instance", EXAMPLE_HOTELS[0][0])
    run.out.record({"instances": [name for name, _ in EXAMPLE_HOTELS], "config": str(run.settings.paths.config_file)})
    serve = "greenbot sim serve" + ("" if port in (None, DEFAULT_PORT) else f" --port {port}")
    run.out.say(f"Start the simulator in another terminal: {serve}")
    run.out.say('Then send: greenbot send text 380441234567 "Your room is ready."')
