"""Changing the user's configuration file: comments stay, two people at once lose nothing, a crash tears nothing.

Every change is made under the folder's lock on what the file says at that moment, is refused when
the result would not load, and is thrown away and made again when somebody saved the file
meanwhile with an editor.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from greenbot.config import problems, toml_text
from greenbot.config.atomic import locked, remove_file, replace_file
from greenbot.config.files import parse_document, read_document
from greenbot.config.kinds import Unfit, from_text, is_name
from greenbot.config.layers import find_setting
from greenbot.config.load import problems_of
from greenbot.config.paths import Paths
from greenbot.config.secrets import read_secret_file, secret_file, write_secret
from greenbot.config.table import GENERAL, INSTANCE, Setting, Value
from greenbot.errors import BadConfigValue, Busy, ConfigError, UnknownInstance, UsageError
from greenbot.redact import Secret, remember

_ATTEMPTS = 5


def example_text() -> str:
    """The commented example file that `init_file` starts from."""
    return Path(__file__).with_name("example.toml").read_text(encoding="utf-8")


def init_file(paths: Paths) -> bool:
    """Create the configuration file from the example; False when there is one already, which stays as it is."""
    target = _target(paths)
    with locked(target.parent):
        if target.exists():
            return False
        replace_file(target, example_text().encode())
        return True


def set_value(paths: Paths, key: str, text: str) -> None:
    """Set `api.timeout_seconds`, `instances.grand-kyiv.tags` … from text as a person types it.

    Raises `UsageError` for an unknown key or a secret, `BadConfigValue` for a value that does not fit,
    `UnknownInstance`, and `ConfigError` when the file would not load afterwards.
    """
    setting, instance = _editable(key, text)
    value = _value(setting, key, text)

    def change(before: str) -> str:
        if instance is not None:
            _require_instance(before, instance, paths)
        return toml_text.with_value(before, tuple(key.split(".")), value)

    change_text(paths, change)


def unset_value(paths: Paths, key: str) -> None:
    """Remove a setting from the user's file, so that the next weaker source holds. Raises like `set_value`."""
    _editable(key, "")
    change_text(paths, lambda before: toml_text.without(before, tuple(key.split("."))))


def add_instance(
    paths: Paths,
    name: str,
    fields: Mapping[str, str],
    *,
    token: Secret | None = None,
    webhook_token: Secret | None = None,
) -> None:
    """Add `[instances.NAME]` with these settings (`id` among them) as text; tokens go into their 0600 files.

    Raises `UsageError` when the name is taken or a value does not fit.
    """
    values = checked_instance(name, fields)

    def change(before: str) -> str:
        if name in _instances(before, paths):
            raise UsageError(
                f"There is an instance {name} already.",
                hint=f"Store another token: greenbot instances edit {name} --token-stdin < token.txt",
            )
        return toml_text.with_section(before, ("instances", name), values)

    change_text(paths, change, first=lambda: _store_tokens(paths, name, token, webhook_token))


def checked_instance(name: str, fields: Mapping[str, str]) -> dict[str, Value]:
    """The settings of a new instance as values. Raises `UsageError` when the name or a value does not fit."""
    if not is_name(name):
        raise UsageError(
            f"'{name}' cannot be the name of an instance.",
            hint="Use small letters, digits, - and _, such as grand-kyiv.",
        )
    return _values(fields, name)


def edit_instance(
    paths: Paths,
    name: str,
    fields: Mapping[str, str],
    *,
    unset: Sequence[str] = (),
    token: Secret | None = None,
    webhook_token: Secret | None = None,
) -> None:
    """Change settings of an instance; a new webhook token keeps the old one valid beside it.

    Tokens go into greenbot's own 0600 files, so a setting that names another place is removed.
    Raises `UnknownInstance`, `UsageError`, `ConfigError`.
    """
    values = _values(fields, name)
    gone = [*unset, *_other_sources("token", token), *_other_sources("webhook_token", webhook_token)]
    for leaf in unset:
        _editable(f"instances.{name}.{leaf}", "")

    def change(before: str) -> str:
        _require_instance(before, name, paths)
        for leaf in gone:
            before = toml_text.without(before, ("instances", name, leaf))
        for leaf, value in values.items():
            before = toml_text.with_value(before, ("instances", name, leaf), value)
        return before

    change_text(paths, change, first=lambda: _store_tokens(paths, name, token, webhook_token))


def remove_instance(paths: Paths, name: str) -> None:
    """Remove an instance from the user's file, then the tokens greenbot stored for it. Raises `UnknownInstance`."""

    def change(before: str) -> str:
        _require_instance(before, name, paths)
        after = toml_text.without(before, ("instances", name))
        if after == before:
            raise ConfigError(f"{name} is not in {paths.config_file}.", hint=f"It comes from {paths.system_file}.")
        default = _data(before, paths).get("default_instance")
        return toml_text.without(after, ("default_instance",)) if default == name else after

    change_text(paths, change)
    with locked(paths.secrets_dir):
        for leaf in ("token", "webhook_token", "webhook_token_previous"):
            remove_file(secret_file(paths.secrets_dir, name, leaf))


def replace_text(paths: Paths, *, before: str, after: str) -> None:
    """Put in place what a person made of `before` in an editor.

    Raises `Busy` when the file says something else by now, `ConfigError` when the new text would not load.
    """

    def change(now: str) -> str:
        if now != before:
            raise Busy(f"{paths.config_file} was changed by somebody else meanwhile.", hint="Edit it again.")
        return after

    change_text(paths, change, is_from_editor=True)


def change_text(
    paths: Paths,
    change: Callable[[str], str],
    *,
    first: Callable[[], None] = lambda: None,
    is_from_editor: bool = False,
) -> None:
    """Apply `change` to what the file says now; `first` runs once the result is known to be good.

    `change` is called again when the file changed meanwhile. When the result would not load it raises `ConfigError`
    because of what a file says, `UsageError` because of what was asked for; `Busy` when the file or its lock does not
    come to rest.
    """
    target = _target(paths)
    with locked(target.parent):
        for _ in range(_ATTEMPTS):
            before = _content(target)
            after = change(_text(before, target)).encode()
            if after != before:
                _refuse_broken(before, after, paths, is_from_editor=is_from_editor)
            first()
            if _content(target) != before:
                continue  # an editor, which knows nothing of our lock, saved in between
            if after != before:
                replace_file(target, after)
            return
    raise Busy(f"{target} keeps changing.", hint="Close it in the editor and run this again.")


def _target(paths: Paths) -> Path:
    """The file itself: a configuration kept elsewhere and linked here stays a link."""
    return Path(os.path.realpath(paths.config_file))


def _content(target: Path) -> bytes | None:
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{target} cannot be read: {error.strerror}.") from error


def _text(content: bytes | None, target: Path) -> str:
    if content is None:
        return example_text()
    return parse_document("user file", target, content).text


def _refuse_broken(before: bytes | None, after: bytes, paths: Paths, *, is_from_editor: bool) -> None:
    found = problems_of(after, paths)
    if not found:
        return
    if is_from_editor or (before is not None and problems_of(before, paths)):
        raise ConfigError(f"Nothing was changed, because this would not load. {found[0]}", hint=found[0].hint)
    # The file was fine, so it is what was asked for that is not; a line of a file that was never written helps nobody.
    what = re.sub(rf"^{re.escape(str(paths.config_file))}(, line \d+)?: ", "", str(found[0]))
    raise UsageError(f"Nothing was changed: {what}", hint=found[0].hint)


def _editable(key: str, text: str) -> tuple[Setting, str | None]:
    found = find_setting(key)
    if found is None:
        near = problems.closest(key, [name for name, setting in GENERAL.items() if not setting.secret])
        raise UsageError(
            f"There is no setting {key}.",
            hint=f"Did you mean {near}?" if near else "See all settings with: greenbot config list",
        )
    if found[0].secret:
        remember(text)
        raise UsageError(
            f"{key} is a secret and does not belong on a command line or into the file.",
            hint="Use: greenbot instances edit NAME --token-stdin",
        )
    return found


def _value(setting: Setting, key: str, text: str) -> Value:
    try:
        value = from_text(setting, text)
    except Unfit as error:
        raise BadConfigValue(f"{key} {error}.", hint=problems.value_advice(setting, as_text=True)) from None
    return int(value) if isinstance(value, float) and value.is_integer() else value  # 45 stays 45, not 45.0


def _values(fields: Mapping[str, str], name: str) -> dict[str, Value]:
    keys = {leaf: f"instances.{name}.{leaf}" for leaf in fields}
    return {leaf: _value(_editable(key, fields[leaf])[0], key, fields[leaf]) for leaf, key in keys.items()}


def _data(text: str, paths: Paths) -> dict[str, object]:
    return parse_document("user file", paths.config_file, text.encode()).data


def _instances(text: str, paths: Paths) -> list[str]:
    system = read_document("system file", paths.system_file)
    tables = [_data(text, paths).get("instances"), system.data.get("instances") if system else None]
    return [name for table in tables if isinstance(table, dict) for name in table]


def _require_instance(text: str, name: str, paths: Paths) -> None:
    known = _instances(text, paths)
    if name not in known:
        near = problems.closest(name, known)
        raise UnknownInstance(
            f"There is no instance called {name!r}.", hint=f"Did you mean {near}?" if near else None, instance=name
        )


def _other_sources(leaf: str, secret: Secret | None) -> list[str]:
    prefix = f"{leaf}_"
    return [key for key in INSTANCE if key.startswith(prefix) and INSTANCE[key].is_source] if secret else []


def _store_tokens(paths: Paths, name: str, token: Secret | None, webhook_token: Secret | None) -> None:
    if token is not None:
        write_secret(secret_file(paths.secrets_dir, name, "token"), token)
    if webhook_token is None:
        return
    current = secret_file(paths.secrets_dir, name, "webhook_token")
    old = read_secret_file(current)
    if old is not None and old.strip() != webhook_token.reveal():
        write_secret(secret_file(paths.secrets_dir, name, "webhook_token_previous"), Secret(old.strip()))
    write_secret(current, webhook_token)
