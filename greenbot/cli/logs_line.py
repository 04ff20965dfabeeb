"""One line of the log on the screen: written by hand, since a line costs a microsecond so and fifty with a library."""

import json
import time
from collections.abc import Callable
from functools import lru_cache

from greenbot.redact import mask_phone
from greenbot.safe_text import safe_text

Fields = dict[str, object]
#: The chat of a line whose number was masked when it was written; None where nobody knows.
WholeChat = Callable[[Fields], str | None]

_LEVEL_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31"}
#: Shown in words of their own; the others follow as `name=value`.
_IN_WORDS = (
    "time",
    "level",
    "event",
    "instance",
    "method",
    "outcome",
    "status",
    "ms",
    "message_id",
    "event_id",
    "words",
)
COLUMNS = ("time", "level", "event", "instance", "method", "message_id", "event_id", "outcome", "status", "ms", "more")


class Lines:
    """How lines are shown: on a terminal in columns and colours, in a pipe with tabs, as JSON with `v`."""

    def __init__(self, *, as_json: bool, for_person: bool, colours: bool, whole_chat: WholeChat | None) -> None:
        self._as_json = as_json
        self._for_person = for_person
        self._colours = colours
        self._whole_chat = whole_chat

    def show(self, line: bytes) -> str:
        """The line as text, harmless to a terminal whatever it holds."""
        fields = _fields(line)
        if fields is None:
            return self._foreign(line)
        self._privacy(fields)
        if self._as_json:
            return json.dumps({"v": 1, **fields}, separators=(",", ":")).replace("\x7f", "\\u007f")
        return self._person(fields) if self._for_person else _tabs(fields)

    def _foreign(self, line: bytes) -> str:
        text = line.decode("utf-8", "backslashreplace")
        text = text if self._whole_chat else mask_phone(text)
        return json.dumps({"v": 1, "event": "foreign", "words": text}) if self._as_json else safe_text(text)

    def _privacy(self, fields: Fields) -> None:
        chat = fields.get("chat")
        if self._whole_chat is not None:
            whole = self._whole_chat(fields) if isinstance(chat, str) and "***" in chat else None
            if whole is not None:
                fields["chat"] = whole
            return
        for name in ("chat", "words", "request", "response"):
            if isinstance(value := fields.get(name), str):
                fields[name] = mask_phone(value)

    def _person(self, fields: Fields) -> str:
        level = _text(fields.get("level"))
        moment = _local(_text(fields.get("time")))
        parts = [self._painted(moment, "2"), self._painted(f"{level:<7}", _LEVEL_COLOURS.get(level, "0"))]
        parts.append(self._painted(f"{_text(fields.get('instance')):<14}", "36"))
        parts.append(" ".join(filter(None, (_text(fields.get("event")), _text(fields.get("method"))))))
        parts += [f"{word} {_text(fields[name])}" for name, word in _IDS if name in fields]
        parts.append(_ending(fields))
        parts.append(_text(fields.get("words")))
        parts.append(self._painted(_more(fields), "2"))
        return "  ".join(part for part in parts if part)

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and text else text


_IDS = (("message_id", "message"), ("event_id", "event"))


def _fields(line: bytes) -> Fields | None:
    from greenbot.logs.wanted import parsed

    fields = parsed(line)
    return fields if fields is not None and "event" in fields and "time" in fields else None


def _text(value: object) -> str:
    if value is None:
        return ""
    return safe_text(value if isinstance(value, str) else json.dumps(value))


def _ending(fields: Fields) -> str:
    words = _text(fields.get("outcome"))
    if "status" in fields:
        words += (
            f" (HTTP {_text(fields['status'])})" if fields.get("event") == "call" else f" ({_text(fields['status'])})"
        )
    return f"{words} in {_text(fields['ms'])} ms" if "ms" in fields else words


def _more(fields: Fields) -> str:
    return " ".join(f"{safe_text(name)}={_text(value)}" for name, value in fields.items() if name not in _IN_WORDS)


def _tabs(fields: Fields) -> str:
    more = " ".join(filter(None, (_text(fields.get("words")), _more(fields))))
    return "\t".join([_text(fields.get(name)) or "-" for name in COLUMNS[:-1]] + [more or "-"])


def _local(text: str) -> str:
    """On this machine's clock, to the millisecond."""
    if len(text) != 24 or not text.endswith("Z"):
        return text
    return _local_second(text[:19]) + text[19:23]


@lru_cache(maxsize=256)
def _local_second(text: str) -> str:
    import calendar

    try:
        moment = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return text
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
