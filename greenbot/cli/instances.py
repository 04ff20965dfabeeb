"""`greenbot instances …`: the numbers greenbot works with."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import NameArgument, group
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, UsageError

if TYPE_CHECKING:
    from greenbot.config.settings import Instance
    from greenbot.redact import Secret

TokenStdin = Annotated[bool, typer.Option("--token-stdin", help="Read the API token from stdin.")]
WebhookTokenStdin = Annotated[
    bool,
    typer.Option("--webhook-token-stdin", help="Read the webhook token from stdin; the one before stays valid, too."),
]
TokenFile = Annotated[str | None, typer.Option("--token-file", metavar="FILE", help="Keep the API token in this file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Another setting of the instance, such as tags=coast. Repeat for more."
    ),
]


@group.command("list", tag=True, rows=True)
def list_(run: Run) -> None:
    """All instances.

    Examples:
    greenbot instances list
    greenbot instances list --tag coast --json
    """
    chosen = run.settings.select("all", tag=run.flags.tag) if run.settings.instances else ()
    rows = [_row(run, instance) for instance in chosen]
    run.out.rows(rows, ("name", "id", "api_url", "tags", "token"), empty="No instance yet. Add one with: greenbot init")


def _row(run: Run, instance: "Instance") -> dict[str, object]:
    return {
        "name": instance.name,
        "id": instance.id,
        "api_url": instance.api_url,
        "tags": list(instance.tags),
        "token": _token_state(instance),
        "default": instance.name == run.settings.default_instance,
    }


def _token_state(instance: "Instance") -> str:
    try:
        instance.token()
    except GreenbotError as error:
        return error.code()
    return "ok"


@group.command("show")
def show(run: Run, name: NameArgument) -> None:
    """One instance and its settings.

    Examples:
    greenbot instances show grand-kyiv
    """
    instance = run.settings.instance(name)
    run.out.record(
        _row(run, instance)
        | {
            "media_url": instance.media_url,
            "timezone": instance.timezone,
            "language": instance.language,
            "country_code": instance.country_code,
            "rate_limit_per_minute": instance.rate_limit_per_minute,
            "rate_limit_per_second": instance.rate_limit_per_second,
            "ambiguous_policy": instance.ambiguous_policy,
        },
        essential="id",
    )


@group.command("add", dry_run=True)
def add(
    run: Run,
    name: NameArgument,
    id_: Annotated[str, typer.Option("--id", metavar="ID", help="idInstance from the console.")],
    api_url: Annotated[str | None, typer.Option("--api-url", metavar="URL", help="apiUrl from the console.")] = None,
    media_url: Annotated[
        str | None, typer.Option("--media-url", metavar="URL", help="mediaUrl from the console.")
    ] = None,
    token_stdin: TokenStdin = False,
    token_file: TokenFile = None,
    set_: SetOption = None,
) -> None:
    """Add an instance. The token never stands on the command line.

    Examples:
    greenbot instances add grand-kyiv --id 1101000001 --token-stdin < token.txt
    greenbot instances add coast --id 1101000002 --api-url https://1101.api.green-api.com --token-file /run/coast
    """
    from greenbot.config.edit import add_instance

    fields = {"id": id_} | _fields(api_url=api_url, media_url=media_url, token_file=token_file, more=set_)
    if run.flags.dry_run:
        run.out.say(f"Would add {name} to {run.settings.paths.config_file}.")
        return
    run.must_write()
    add_instance(run.settings.paths, name, fields, token=_token(token_stdin))
    run.out.say(f"{name} is added. Try: greenbot instances state {name}")


#: What decides whether GREEN-API knows us, beside the token itself.
_OF_THE_ACCOUNT = {"id", "api_url", "token_file", "token_env", "token_command", "token_keyring"}


@group.command("edit", dry_run=True)
def edit(
    run: Run,
    name: NameArgument,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="idInstance from the console.")] = None,
    api_url: Annotated[str | None, typer.Option("--api-url", metavar="URL", help="apiUrl from the console.")] = None,
    media_url: Annotated[
        str | None, typer.Option("--media-url", metavar="URL", help="mediaUrl from the console.")
    ] = None,
    token_stdin: TokenStdin = False,
    webhook_token_stdin: WebhookTokenStdin = False,
    token_file: TokenFile = None,
    set_: SetOption = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="NAME", help="Remove a setting. Repeat for more.")
    ] = None,
) -> None:
    """Change an instance.

    Examples:
    greenbot instances edit grand-kyiv --token-stdin < token.txt
    openssl rand -hex 32 | greenbot instances edit seaview --webhook-token-stdin
    greenbot instances edit grand-kyiv --set tags=coast,city --set country_code=380
    """
    from greenbot.config.edit import edit_instance

    fields = ({"id": id_} if id_ else {}) | _fields(
        api_url=api_url, media_url=media_url, token_file=token_file, more=set_
    )
    if token_stdin and webhook_token_stdin:
        raise UsageError("stdin can bring one token, not two.", hint="Run it once for each.")
    if not (fields or unset or token_stdin or webhook_token_stdin):
        raise UsageError("Nothing to change was given.", hint="See: greenbot instances edit --help")
    if run.flags.dry_run:
        run.out.say(f"Would change {name} in {run.settings.paths.config_file}: {', '.join([*fields, *(unset or [])])}")
        return
    run.must_write()
    token = _token(token_stdin or webhook_token_stdin, "Webhook token: " if webhook_token_stdin else "API token: ")
    edit_instance(
        run.settings.paths,
        name,
        fields,
        unset=unset or (),
        token=token if token_stdin else None,
        webhook_token=token if webhook_token_stdin else None,
    )
    run.out.say(f"{name} is changed.")
    if token_stdin or unset or _OF_THE_ACCOUNT & fields.keys():
        from greenbot.cli.instances_ops import put_right

        put_right(run, name)


@group.command("remove", dry_run=True)
def remove(
    run: Run,
    name: NameArgument,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The name again: yes, remove it.")
    ] = None,
) -> None:
    """Remove an instance and its stored tokens; its messages stay in the store.

    Examples:
    greenbot instances remove grand-kyiv --confirm grand-kyiv
    """
    from greenbot.config.edit import remove_instance

    run.settings.instance(name)
    if run.flags.dry_run:
        run.out.say(f"Would remove {name} and its stored tokens.")
        return
    run.must_write()
    run.confirm_name(name, confirm)
    remove_instance(run.settings.paths, name)
    run.out.say(f"{name} is removed.")


def _fields(
    *, api_url: str | None, media_url: str | None, token_file: str | None, more: list[str] | None
) -> dict[str, str]:
    from greenbot.cli.values import assignment

    given = {"api_url": api_url, "media_url": media_url, "token_file": token_file}
    fields = {name: value for name, value in given.items() if value is not None}
    return fields | {name: str(value) for name, value in (assignment(item, typed=False) for item in more or [])}


def _token(from_stdin: bool, prompt: str = "API token: ") -> "Secret | None":
    if not from_stdin:
        return None
    from greenbot.cli.secret_input import read_secret

    return read_secret(prompt)
