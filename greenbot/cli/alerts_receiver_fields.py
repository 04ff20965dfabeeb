"""The options that say what a receiver is. A secret is taken from a file, a variable or stdin, never from the line."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.alerts.fields import Problem
    from greenbot.alerts.receivers import Receiver

#: secret -> what it is, in words. As `--X-file`, `--X-env` and `--X-stdin`.
SECRETS = {
    "url": "The address of Slack's webhook, or of Apprise",
    "token": "The token of the Telegram bot",
    "key": "The integration key of PagerDuty",
    "password": "The password of the mail account",
    "secret": "The whsec_… secret that signs a webhook",
}


def _text(*names: str, metavar: str, help: str) -> Any:  # noqa: A002 - Typer's word
    return Annotated[str | None, typer.Option(*names, metavar=metavar, help=help, show_default=False)]


def _kinds(incomplete: str) -> list[str]:
    from greenbot.alerts.notify.kinds import KINDS

    return [name for name in KINDS if name.startswith(incomplete)]


#: option -> setting of a kind
_PLAIN = {"url": "url", "command": "command", "host": "host", "from_": "from", "chat": "chat"}
_OPTIONS: dict[str, Any] = {
    "kind": Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="How it is told: see receivers kinds.", autocompletion=_kinds),
    ],
    "url": _text("--url", metavar="URL", help="Where a webhook is posted to."),
    "command": _text("--command", metavar="WORDS", help="The program to run; no shell is involved."),
    "host": _text("--host", metavar="HOST", help="The mail server."),
    "from_": _text("--from", metavar="ADDRESS", help="The sender of mails."),
    "chat": _text("--chat", metavar="CHAT", help="The chat in Telegram."),
    "to": Annotated[
        list[str] | None,
        typer.Option("--to", metavar="WHOM", help="A mail address or a number; repeat it.", show_default=False),
    ],
    "set_": Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SETTING=VALUE", help="Any setting of the kind; lists take commas."),
    ],
    "fallback": _text("--fallback", metavar="NAME", help="Told when this one cannot be reached; '' for nobody."),
    "default": Annotated[
        bool | None,
        typer.Option("--default/--no-default", help="Told by every rule that names nobody.", show_default=False),
    ],
} | {
    f"{name}_{way}": option
    for name, doc in SECRETS.items()
    for way, option in {
        "file": _text(f"--{name}-file", metavar="FILE", help=f"{doc}: in this file."),
        "env": _text(f"--{name}-env", metavar="VARIABLE", help="The same, in a variable of the service."),
        "stdin": Annotated[bool, typer.Option(f"--{name}-stdin", help="The same, from stdin; kept in a file.")],
    }.items()
}

#: Where a secret can be kept, as a setting.
_PLACE = re.compile(rf"\b({'|'.join(SECRETS)})_(file|env|command)\b")

Given = Mapping[str, Any]
Body = Callable[..., None]


def with_receiver_options(body: Body) -> Body:
    """The options of a receiver as one mapping `given`, for a body that takes it."""

    def command(run: Run, **named: Any) -> None:
        given = {name: named.pop(name) for name in _OPTIONS}
        body(run, given=given, **named)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [one for name, one in inspect.signature(body).parameters.items() if name not in ("run", "given")]
    options = [
        inspect.Parameter(name, keyword, default=False if name.endswith("_stdin") else None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    run = inspect.Parameter("run", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Run)
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what with_shared_options reads
        [run, *(one.replace(kind=keyword) for one in own), *options]
    )
    command.__doc__, command.__name__ = body.__doc__, body.__name__
    return command


def is_anything(given: Given) -> bool:
    """Whether something was named at all."""
    return any(value not in (None, False) or (name == "default" and value is False) for name, value in given.items())


def receiver_of(run: Run, given: Given, *, name: str, base: "Receiver | None" = None) -> "Receiver":
    """The receiver that was typed, or made of `base`; a secret of stdin is in its file yet to be written.

    Raises BadReceiver with every problem, each by its option.
    """
    from greenbot.alerts.receivers import BadReceiver, problems, receiver_from

    fields = _fields(run, given, name=name, base=base)
    wrong = [_typed(problem) for problem in problems(fields, base)]
    if wrong:
        raise BadReceiver(wrong)
    return receiver_from(fields, base)


def _fields(run: Run, given: Given, *, name: str, base: "Receiver | None") -> dict[str, object]:
    fields: dict[str, object] = {} if base else {"name": name}
    if given["kind"] is not None:
        fields["kind"] = given["kind"]
    kind = given["kind"] or (base.kind if base else None)
    settings = {setting: given[option] for option, setting in _PLAIN.items() if given[option] is not None}
    if given["to"] is not None:
        settings["to"] = ",".join(given["to"])
    if run.flags.instance is not None:
        settings["instance"] = run.flags.instance
    settings |= dict(_assigned(given["set_"] or []))
    fields |= {setting: _value(kind, setting, text) for setting, text in settings.items()}
    if given["fallback"] is not None:
        fields["fallback"] = given["fallback"] or None
    if given["default"] is not None:
        fields["default"] = given["default"]
    return fields | _places(run, given, name)


def _assigned(items: list[str]) -> Iterator[tuple[str, str]]:
    from greenbot.cli.values import assignment

    for item in items:
        setting, value = assignment(item, typed=False)
        yield setting, str(value)


def _value(kind: str | None, setting: str, text: str) -> object:
    """A text as the setting wants it; what it cannot be is left for the check to complain about."""
    import shlex

    from greenbot.alerts.notify.kinds import KINDS

    types = {field.name: field.type for field in KINDS[kind].fields} if kind in KINDS else {}
    wanted = types.get(setting, "argv" if setting.endswith("_command") else "word")
    if wanted == "count" and text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    if wanted in ("words", "chats"):
        return [word.strip() for word in text.split(",") if word.strip()]
    if wanted == "argv":
        try:
            return shlex.split(text)
        except ValueError as error:
            raise UsageError(f"The command cannot be read: {error}.", hint="Close the quotes in it.") from None
    return text


def _places(run: Run, given: Given, name: str) -> dict[str, object]:
    """Where the secrets are kept."""
    places: dict[str, object] = {}
    for secret in SECRETS:
        if given[f"{secret}_file"]:
            # The service may run elsewhere than this shell.
            places[f"{secret}_file"] = str(run.cwd / Path(given[f"{secret}_file"]).expanduser())
        if given[f"{secret}_env"]:
            places[f"{secret}_env"] = given[f"{secret}_env"]
        if given[f"{secret}_stdin"]:
            if f"{secret}_file" in places or f"{secret}_env" in places:
                raise UsageError(f"--{secret}-stdin is given besides another place.", hint="One place is enough.")
            places[f"{secret}_file"] = str(own_file(run, name, secret))
    if sum(bool(given[f"{secret}_stdin"]) for secret in SECRETS) > 1:
        raise UsageError("stdin holds one secret only.", hint="Keep the other in a file: --secret-file FILE")
    return places


def own_file(run: Run, name: str, secret: str) -> Path:
    """Where a secret that came by stdin is kept."""
    return run.settings.paths.secrets_dir / f"receiver-{name}.{secret}"


def keep_secret(run: Run, given: Given, name: str) -> None:
    """Write the secret of stdin into its file, which only the owner can read. Raises `UsageError` for none."""
    from greenbot.cli.secret_input import read_secret
    from greenbot.config.secrets import write_secret

    for secret in SECRETS:
        if given[f"{secret}_stdin"]:
            try:
                value = read_secret(f"{secret}: ")
            except UsageError as error:
                words = str(error).replace("The token", f"The {secret}")
                raise UsageError(words, hint=f"Pipe it in: --{secret}-stdin < FILE") from None
            path = own_file(run, name, secret)
            write_secret(path, value)
            run.out.say(f"The {secret} is kept in {path}")


def check_files(run: Run, receiver: "Receiver") -> None:
    """Raises UnsafePermissions for a secret's file that others can read; warns where there is none yet."""
    from greenbot.config.secrets import read_secret_file

    for secret in SECRETS:
        place = receiver.settings.get(f"{secret}_file")
        if isinstance(place, str) and read_secret_file(Path(place)) is None:
            run.out.warn(f"there is no file {place} yet.")


def _typed(problem: "Problem") -> "Problem":
    """The same by what a person typed."""
    from greenbot.alerts.fields import Problem

    message = _PLACE.sub(_as_option, problem.message.rstrip("."))
    options = {*_PLAIN.values(), "kind", "to", "fallback", "default"} | {
        f"{secret}_{way}" for secret in SECRETS for way in ("file", "env")
    }
    if problem.field == "name":
        return Problem(field="NAME", message=message)
    if problem.field == "instance":
        return Problem(field="--instance", message=message)
    option = f"--{problem.field.replace('_', '-')}" if problem.field in options else f"--set {problem.field}"
    return Problem(field=option, message=message)


def _as_option(found: "re.Match[str]") -> str:
    secret, way = found.groups()
    return f"--set {secret}_command=…" if way == "command" else f"--{secret}-{way}"
