"""The work behind `greenbot api`: parameters from the command line, one call, its answer."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.api.endpoints import ENDPOINTS, find, unlisted
from greenbot.cli.run import Run
from greenbot.cli.values import assignment, text_of
from greenbot.errors import BadFile, UnknownMethod, UsageError

if TYPE_CHECKING:
    from greenbot.api.endpoint import Endpoint

#: Methods that change nothing at GREEN-API; the rest is refused under --read-only.
_READING_WORDS = ("get", "show", "last", "check", "qr", "download", "receive")


_NO_SUCH_PATH = 404


def list_methods(run: Run) -> None:
    """The catalogue as a table."""
    rows = [
        {
            "method": endpoint.name,
            "group": endpoint.group,
            "verb": endpoint.verb,
            "rate": f"{endpoint.rate_per_second:g}/s",
            "parameters": [param.name + ("*" if param.required else "") for param in endpoint.params],
            "about": endpoint.summary + (" (archived)" if endpoint.archived else " (beta)" if endpoint.beta else ""),
        }
        for endpoint in ENDPOINTS.values()
    ]
    run.out.rows(rows, ("method", "rate", "about"), more=("group", "verb", "parameters"))


def parameters(fields: list[str], raw_fields: list[str], source: str | None) -> dict[str, object]:
    """All parameters: those of `--input`, then each field. Raises `UsageError`."""
    given = _from_input(source) if source is not None else {}
    given |= dict(assignment(item, typed=True) for item in fields)
    given |= dict(assignment(item, typed=False) for item in raw_fields)
    for name, value in given.items():
        _must_be_text(name, name)
        _must_be_text(value, name)
    return given


def _must_be_text(value: object, name: str) -> None:
    """JSON and URLs are UTF-8; what a shell hands over need not be. Raises `UsageError`."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The parameter '{name}' is not UTF-8 text.", hint="Check the encoding of the shell."
        ) from error


def _from_input(source: str) -> dict[str, object]:
    text = text_of("-" if source == "-" else "@" + source, what="input")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The input is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise UsageError("The input must be one JSON object of parameters.")
    return value


#: Methods whose answer holds a new token, which nobody can read once it is masked.
_TOKEN_GIVERS = {"updateApiToken": "apiTokenInstance", "createInstance": "apiTokenInstance"}


def call(run: Run, method: str, given: dict[str, object], *, file_name: str | None, token_out: str | None) -> None:
    """Make the call, or show it under -n; prints the answer as JSON."""
    from greenbot.api.inline import run_inline
    from greenbot.api.outcome import error_of

    endpoint = _endpoint(method, given)
    file = _file(file_name) if file_name is not None else None
    if not endpoint.name.startswith(_READING_WORDS):
        run.must_write()
    if endpoint.name in _TOKEN_GIVERS and token_out is None and not run.flags.dry_run:
        raise UsageError(
            f"{endpoint.name} answers with a token, which greenbot does not show.", hint="Add --token-out FILE."
        )
    if endpoint.host == "partner":
        run.settings.partner_token()
    if endpoint.body in ("multipart", "raw") and file is None:
        raise UsageError(f"{endpoint.name} needs a file.", hint="Add --file FILE.")
    if token_out is not None:
        _must_be_writable(run.cwd / token_out)
    client = run.client(run.instance)
    params = _as_documented(endpoint, given)
    if run.flags.dry_run:
        run.out.request(client.request_preview(endpoint, params, file=file))
        return
    outcome = run_inline(client.exchange(endpoint, params, file=file))
    if outcome.status == _NO_SUCH_PATH and endpoint.name not in ENDPOINTS:
        raise UnknownMethod(f"GREEN-API has no method '{method}'.")
    if not outcome.succeeded:
        raise error_of(outcome, instance=run.instance.name, endpoint=endpoint)
    if token_out is not None:
        _keep_token(run, endpoint.name, outcome.data, Path(token_out))
    _print(run, outcome.data)


def _must_be_writable(path: Path) -> None:
    """Asked before the call: afterwards the new token would be lost. Raises `ConfigError` or `BadFile`."""
    from greenbot.config.paths import make_private_dir

    make_private_dir(path.parent)
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        raise BadFile(f"{path} cannot be written.", hint="Name a file in a folder of your own.")


def _keep_token(run: Run, method: str, answer: object, path: Path) -> None:
    """Write the token of an answer where only its owner can read it. Raises `ConfigError`."""
    from greenbot.config.secrets import write_secret
    from greenbot.redact import Secret

    token = answer.get(_TOKEN_GIVERS.get(method, "")) if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        run.out.warn("There is no token in this answer.")
        return
    write_secret(run.cwd / path, Secret(token))
    run.out.say(f"The new token is in {path}. Use it: greenbot instances edit NAME --token-stdin < {path}")


def _endpoint(method: str, given: dict[str, object]) -> "Endpoint":
    try:
        return find(method)
    except UnknownMethod as error:
        if error.hint is not None and error.hint.startswith("Did you mean"):
            raise
        return unlisted(method, verb="POST" if given else "GET")


def _as_documented(endpoint: "Endpoint", given: dict[str, object]) -> dict[str, object]:
    """A number typed for a text parameter was meant as text: `-F message=42`."""
    params = dict(given)
    for name, value in given.items():
        known = endpoint.param(name)
        if (
            known is not None
            and known.type == "string"
            and isinstance(value, int | float)
            and not isinstance(value, bool)
        ):
            params[name] = str(value)
    return params


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    file_name: str
    mime_type: str
    size_bytes: int


def _file(name: str) -> _File:
    from mimetypes import guess_type

    path = Path(name)
    if not path.is_file():
        raise BadFile(f"There is no file '{name}'.", hint="Check the name and the folder.")
    mime_type = guess_type(path.name)[0] or "application/octet-stream"
    return _File(path=path, file_name=path.name, mime_type=mime_type, size_bytes=path.stat().st_size)


def _print(run: Run, answer: object) -> None:
    from greenbot.cli.output import to_json

    if isinstance(answer, bytes):
        sys.stdout.buffer.write(answer)
        return
    if run.out.for_person and not run.flags.json:
        from greenbot.safe_text import safe_text

        run.out.line(safe_text(json.dumps(answer, ensure_ascii=False, indent=2), keep_lines=True))
    else:
        run.out.line(to_json(answer))
