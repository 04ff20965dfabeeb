"""What a setting accepts: one small check per type, the same for files, environment and flags."""

import re
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from greenbot.config.table import Setting, Value
from greenbot.safe_text import safe_text

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ID = re.compile(r"[0-9]{1,20}")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(r"(?:\*\.)?[A-Za-z0-9\[\]._:-]+(?:/[0-9]{1,3})?")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45}")
_INTENT_WORDS = re.compile(r"[a-z][a-z0-9-]{0,62}: *[^:,]*\w[^:,]*(?:,[^:,]*\w[^:,]*)*")
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Unfit(ValueError):
    """A value a setting does not accept; the text continues `KEY ...`."""


def check(setting: Setting, value: object) -> Value:
    """The value in its final form. Raises `Unfit` with what it should have been."""
    return _CHECKS[setting.type](setting, value)


def from_text(setting: Setting, text: str) -> Value:
    """The value of a setting written as text: in the environment, on the command line."""
    return check(setting, _READERS.get(setting.type, str)(text.strip()))


def to_text(value: Value) -> str:
    """The value as `from_text` would read it again; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_loopback(host: str) -> bool:
    """Whether this name or address stays inside the machine."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def is_name(text: str) -> bool:
    """Whether an instance or a tag may be called so."""
    return bool(_NAME.fullmatch(text)) and text != "all"


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value).removesuffix(".0")
    return safe_text(text, limit=60)


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise Unfit(f"should be {expected} in quotes, not {_shown(value)}")
    return value


def _switch(setting: Setting, value: object) -> Value:
    if not isinstance(value, bool):
        raise Unfit(f"should be true or false, not {_shown(value)}")
    return value


def _number(setting: Setting, value: object) -> Value:
    expected = f"should be a number from {setting.least:g} to {setting.most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f"{expected}, not {_shown(value)}")
    if not isfinite(value) or not setting.least <= value <= setting.most:
        raise Unfit(f"{expected}, not {_shown(value)}")
    return float(value)


def _count(setting: Setting, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int) or not setting.least <= value <= setting.most:
        raise Unfit(f"should be a whole number from {setting.least:g} to {setting.most:g}, not {_shown(value)}")
    return value


def _choice(setting: Setting, value: object) -> Value:
    if value not in setting.choices:
        raise Unfit(f"should be one of {', '.join(setting.choices)}, not {_shown(value)}")
    return str(value)


def _url(setting: Setting, value: object) -> Value:
    given = _text(value, "an address")
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Unfit("is not an address") from None
    if "@" in given:
        raise Unfit("should be an address without a name or password in it")
    if parts.scheme not in ("https", "http") or not host:
        raise Unfit(f"should be an address that begins with https://, not {_shown(given)}")
    if parts.query or parts.fragment or re.search(r"[^!-~]", given):
        raise Unfit("should be a plain address: no ?, no #, no spaces, ASCII only")
    if parts.scheme == "http" and not is_loopback(host):
        raise Unfit("should begin with https://: over http:// anybody on the way could read the token")
    return given.rstrip("/")


def _name(setting: Setting, value: object) -> Value:
    given = _text(value, "a name")
    if not is_name(given):
        raise Unfit(f"should be a name of small letters, digits, - and _, not {_shown(given)}")
    return given


def _names(setting: Setting, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    for item in value:
        _name(setting, item)
    return tuple(dict.fromkeys(value))


def _places(setting: Setting, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    for item in value:
        if not isinstance(item, str) or not _PLACE.fullmatch(item):
            raise Unfit(f"should name hosts, addresses or networks such as 10.0.0.0/8, not {_shown(item)}")
    return tuple(dict.fromkeys(value))


def _id(setting: Setting, value: object) -> Value:
    # A token pasted into the wrong line must not come back in the error.
    given = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _ID.fullmatch(given):
        raise Unfit("should be the number called idInstance in the console: digits only")
    return given


def _timezone(setting: Setting, value: object) -> Value:
    given = _text(value, "a time zone")
    if not _zone_exists(given):
        raise Unfit(f"is not a known time zone: {_shown(given)}")
    return given


def _zone_exists(name: str) -> bool:
    if name == "UTC":
        return True
    if not _ZONE.fullmatch(name):
        return False
    if "/" in name and Path("/usr/share/zoneinfo", name).is_file():  # spares importing zoneinfo on every start
        return True
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder is an OSError
        return False
    return True


def _language(setting: Setting, value: object) -> Value:
    given = _text(value, "a language code")
    if not _LANGUAGE.fullmatch(given):
        raise Unfit(f"should be a language code such as en or pt-BR, not {_shown(given)}")
    return given


def _country_code(setting: Setting, value: object) -> Value:
    given = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    digits = given.removeprefix("+")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", digits):
        raise Unfit(f"should be one to three digits that do not begin with 0, not {_shown(value)}")
    return digits


def _path(setting: Setting, value: object) -> Value:
    if not isinstance(value, str) or not value or "\0" in value:
        raise Unfit("should be the path of a file, in quotes")
    return value


def _host(setting: Setting, value: object) -> Value:
    given = _text(value, "a name or an address")
    if not _HOST.fullmatch(given):
        raise Unfit(f"should be an address of this machine such as 127.0.0.1, not {_shown(given)}")
    return given


def _hosts(setting: Setting, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    return tuple(str(_host(setting, item)) for item in value)


def _host_patterns(setting: Setting, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    for item in value:
        if not _HOST.fullmatch(_text(item, "a name").removeprefix("*.")):
            raise Unfit(f"should hold names such as *.green-api.com, not {_shown(item)}")
    return tuple(str(item).lower() for item in value)


def _intent_words(setting: Setting, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    for item in value:
        if not isinstance(item, str) or len(item) > 2_000 or not _INTENT_WORDS.fullmatch(item):
            raise Unfit(f"should hold lines such as 'spa: massage, sauna*', not {_shown(item)}")
    return tuple(value)


def _networks(setting: Setting, value: object) -> Value:
    import ipaddress

    if not isinstance(value, list | tuple):
        raise Unfit(f"should be a list in [ ], not {_shown(value)}")
    for item in value:
        try:
            ipaddress.ip_network(_text(item, "an address"), strict=False)
        except ValueError:
            raise Unfit(f"should hold addresses such as 10.0.0.2 or 10.1.0.0/16, not {_shown(item)}") from None
    return tuple(str(item) for item in value)


def _database(setting: Setting, value: object) -> Value:
    given = str(_path(setting, value))
    if "://" in given:
        raise Unfit("should be a file: this greenbot keeps its store in SQLite")
    if "/" in given and not given.startswith(("/", "~/")):
        raise Unfit(f"should be a plain file name or an absolute path, not {_shown(given)}")
    return given


def _env_name(setting: Setting, value: object) -> Value:
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise Unfit("should be the name of an environment variable, never the secret itself")
    return value


def _argv(setting: Setting, value: object) -> Value:
    words = value if isinstance(value, list | tuple) else ()
    if not words or not all(isinstance(word, str) and "\0" not in word for word in words) or not words[0]:
        raise Unfit("should be a list: the program, then each argument, all in quotes")
    return tuple(str(word) for word in words)


def _keyring(setting: Setting, value: object) -> Value:
    if not isinstance(value, str) or not value:
        raise Unfit("should be the service name used in the keyring, in quotes")
    return value


def _secret(setting: Setting, value: object) -> Value:
    raise Unfit("is a secret and does not belong into this file")


_CHECKS: dict[str, Callable[[Setting, object], Value]] = {
    "switch": _switch,
    "number": _number,
    "count": _count,
    "choice": _choice,
    "url": _url,
    "name": _name,
    "names": _names,
    "places": _places,
    "id": _id,
    "timezone": _timezone,
    "language": _language,
    "country_code": _country_code,
    "path": _path,
    "file": _path,
    "host": _host,
    "hosts": _hosts,
    "host_patterns": _host_patterns,
    "networks": _networks,
    "intent_words": _intent_words,
    "database": _database,
    "env_name": _env_name,
    "argv": _argv,
    "keyring": _keyring,
    "secret": _secret,
}


def _read_number(text: str) -> object:
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text) else text


def _read_count(text: str) -> object:
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,15}", text) else text


def _read_words(text: str) -> object:
    return [word.strip() for word in text.split(",") if word.strip()]


def _read_intent_words(text: str) -> object:
    """`spa: massage, sauna*, golf: tee time`: a part with a colon begins the next intent."""
    lines: list[str] = []
    for part in filter(None, map(str.strip, text.split(","))):
        if ":" in part or not lines:
            lines.append(part)
        else:
            lines[-1] += f", {part}"
    return lines


def _read_argv(text: str) -> object:
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        return text


_READERS: dict[str, Callable[[str], object]] = {
    "switch": lambda text: _SWITCHES.get(text.lower(), text),
    "number": _read_number,
    "count": _read_count,
    "names": _read_words,
    "hosts": _read_words,
    "host_patterns": _read_words,
    "networks": _read_words,
    "places": _read_words,
    "intent_words": _read_intent_words,
    "argv": _read_argv,
}
