"""Configuration errors that say where, what and what to write instead."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from greenbot.config.table import GENERAL, INSTANCE, SECTIONS, Setting
from greenbot.errors import ConfigError
from greenbot.redact import redact, remember
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.config.files import Origin

#: Names people bring along from the console, the SDKs and other tools.
_ELSEWHERE = {
    "idinstance": "id",
    "instance_id": "id",
    "id_instance": "id",
    "apiurl": "api_url",
    "mediaurl": "media_url",
    "apitokeninstance": "token",
    "api_token": "token",
    "api_token_instance": "token",
    "webhookurltoken": "webhook_token",
    "webhook_url_token": "webhook_token",
    "host": "api_url",
    "media": "media_url",
    "tz": "timezone",
    "timeout": "timeout_seconds",
}


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like `word`, if any is like it."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), list(choices), n=1, cutoff=0.6)
    return found[0] if found else None


def unfit(origin: "Origin", key: str, what: str, write: str) -> ConfigError:
    """The value of `key` is not acceptable."""
    return ConfigError(redact(f"{origin.place()}: {safe_text(key, limit=120)} {what}."), hint=write)


def bad_value(origin: "Origin", key: str, setting: Setting, what: str) -> ConfigError:
    """The value of a known setting is not acceptable."""
    return unfit(origin, key, what, value_advice(setting, as_text=origin.kind in ("environment", "flag")))


def value_advice(setting: Setting, *, as_text: bool) -> str:
    """What a person would write."""
    if as_text:
        value = setting.example.partition(" = ")[2].strip('"')
        return f"For example: {value}"
    return f"Write it like this: {setting.example}"


def secret_in_file(origin: "Origin", key: str, setting: Setting, value: object) -> ConfigError:
    """A token was written into a configuration file."""
    if isinstance(value, str):
        remember(value)
    leaf = setting.leaf
    if setting.scope == "instance" and leaf == "token":
        name = key.split(".")[1] if key.count(".") > 1 else "NAME"
        advice = f"Remove the line and run: greenbot instances edit {name} --token-stdin"
    else:
        advice = f'Remove the line and name where it is kept: {leaf}_file = "FILE"'
    return unfit(origin, key, "is a secret and does not belong into this file", advice)


def unknown(origin: "Origin", key: str, leaf: str, value: object, *, inside: str) -> ConfigError:
    """A key that no setting has; `inside` is "", a section, or `instances`."""
    known = _names_inside(inside)
    meant = _ELSEWHERE.get(leaf.lower().replace("-", "_"))
    if isinstance(value, str) and _sounds_secret(leaf):
        remember(value)
    secret = INSTANCE.get(meant or leaf)
    if secret is not None and secret.secret:
        return secret_in_file(origin, key, secret, value)
    near = meant if meant in known else closest(leaf, known)
    return unfit(origin, key, "is not a setting", _unknown_advice(leaf, near, inside))


def _names_inside(inside: str) -> list[str]:
    if inside == "instances":
        return [key for key, setting in INSTANCE.items() if not setting.secret]
    if inside:
        return [setting.leaf for key, setting in GENERAL.items() if key.startswith(inside + ".") and not setting.secret]
    return [key for key in GENERAL if "." not in key] + [*SECTIONS, "instances"]


def _unknown_advice(leaf: str, near: str | None, inside: str) -> str:
    if near:
        return f"Did you mean {near}?"
    home = [section for section in (*SECTIONS, "instances") if section != inside and leaf in _names_inside(section)]
    if home:
        return f"It belongs under [{home[0] if home[0] != 'instances' else 'instances.NAME'}]."
    if not inside and _ELSEWHERE.get(leaf.lower()) in _names_inside("instances"):
        return f"Write {_ELSEWHERE[leaf.lower()]} under [instances.NAME]."
    return "Remove the line."


def _sounds_secret(leaf: str) -> bool:
    return any(word in leaf.lower() for word in ("token", "secret", "password", "key"))
