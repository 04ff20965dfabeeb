"""How a conversation looks: lines of a screen for a person, fields for programs, a text file for an archive. Pure."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from greenbot.chats.chat import Chat
from greenbot.chats.conversation import Line
from greenbot.cli.chats_group import shown_kind
from greenbot.clock import iso_utc
from greenbot.safe_text import safe_text

#: What is shown of one message; `--full` and exports show everything.
SHOWN_CHARACTERS = 4096
_EMOJI_CHARACTERS = 40
_TICKS = {"sent": "✓", "delivered": "✓✓", "read": "✓✓ read", "accepted": "accepted"}
_PLAIN_TICKS = {"sent": "sent", "delivered": "delivered", "read": "read", "accepted": "accepted"}
_LEAST_TEXT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How wide the screen is, on whose clock times are, whether all is shown and signs can be."""

    width: int
    zone: tzinfo
    full: bool = False
    signs: bool = True


Paint = Callable[[str, str], str]


def screen(chat: Chat, lines: Sequence[Line], look: Look, paint: Paint) -> Iterator[str]:
    """The thread as lines of a terminal, safe to print. A day is announced when it begins."""
    names = [who(chat, line) for line in lines]
    room = min(max((len(safe_text(name)) for name in names), default=0), max(8, look.width // 5))
    day = ""
    for line, name in zip(lines, names, strict=True):
        at = datetime.fromtimestamp(line.at_ms / 1000, look.zone)
        if (this_day := f"{at:%A, %d %B %Y}") != day:
            day = this_day
            yield paint(f"── {day} ".ljust(look.width, "─"), "dim")
        yield from _message(line, f"{at:%H:%M}", safe_text(name, limit=room).ljust(room), look, paint)


def _message(line: Line, at: str, name: str, look: Look, paint: Paint) -> Iterator[str]:
    head = f"{at}  {name}  "
    width = max(_LEAST_TEXT, look.width - len(head))
    body = wrapped(body_of(line, full=look.full), width)
    tail = mark_of(line, signs=look.signs)
    if tail and len(body[-1]) + 2 + len(tail) > width:
        body.append("")
    colour = "cyan" if line.direction == "in" else "green"
    for number, text in enumerate(body):
        start = f"{at}  {paint(name, colour)}  " if number == 0 else " " * len(head)
        is_last = number == len(body) - 1
        end = "  " + paint(tail, "dim") if is_last and tail and text else paint(tail, "dim") if is_last else ""
        yield (start + text + end).rstrip()
    for note in notes(line):
        yield " " * len(head) + paint(safe_text(note, limit=width), "dim")


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of that width at most; its own line ends stay. Never empty."""
    found: list[str] = []
    for paragraph in safe_text(text, keep_lines=True).replace("\t", "    ").split("\n"):
        found += textwrap.wrap(paragraph, width, break_on_hyphens=False, replace_whitespace=False) or [""]
    return found


def who(chat: Chat, line: Line) -> str:
    """Who wrote a line, as a person calls them."""
    if line.direction == "in":
        return (line.sender_name if chat.kind == "group" else None) or chat.shown_name
    return {"us": chat.instance, "phone": "phone"}.get(line.direction, "other program")


def body_of(line: Line, *, full: bool) -> str:
    """What a line says."""
    text = line.text if full or len(line.text) <= SHOWN_CHARACTERS else line.text[: SHOWN_CHARACTERS - 1] + "…"
    words = shown_kind(line.kind, text, line.file_name)
    if line.quoted_id is not None and line.direction == "in":
        words = f"↳ {words}"
    return f"(deleted) {words}" if line.deleted_at_ms is not None else words


def mark_of(line: Line, *, signs: bool) -> str:
    """How far a message came, for those that left here."""
    if line.direction == "in" or line.kind == "call":
        return ""
    ticks = _TICKS if signs else _PLAIN_TICKS
    return ticks.get(line.status or "", line.status or "")


def notes(line: Line) -> Iterator[str]:
    """What happened to a line: its file, earlier words, reactions, votes."""
    if line.stored_name is not None:
        yield f"file: {line.stored_name}"
    for edit in line.earlier:
        yield f"edited; before: {' '.join(edit.text.split())}"
    if line.reactions:
        yield "  ".join(
            f"{each.emoji[:_EMOJI_CHARACTERS]} {'us' if each.is_ours else 'guest'}" for each in line.reactions
        )
    if line.votes:
        yield "votes: " + ", ".join(f"{option} {count}" for option, count in line.votes)


def fields(chat: Chat, line: Line, *, full: bool = True) -> dict[str, object]:
    """A line for programs."""
    return {
        "at": iso_utc(line.at_ms),
        "direction": line.direction,
        "who": who(chat, line),
        "kind": line.kind,
        "text": line.text if full or len(line.text) <= SHOWN_CHARACTERS else line.text[: SHOWN_CHARACTERS - 1] + "…",
        "status": line.status,
        "id": line.remote_id,
        "file": line.file_name,
        "stored_file": line.stored_name,
        "answers": line.quoted_id,
        "deleted_at": None if line.deleted_at_ms is None else iso_utc(line.deleted_at_ms),
        "earlier": [{"at": iso_utc(each.at_ms), "text": each.text} for each in line.earlier],
        "reactions": [{"emoji": each.emoji, "by": "us" if each.is_ours else "guest"} for each in line.reactions],
        "votes": dict(line.votes),
        "message": line.message_id,
        "event": line.event_id,
        "language": line.language,
        "intent": line.intent,
        "urgency": line.urgency,
    }


def archive(chat: Chat, lines: Sequence[Line], zone: tzinfo) -> Iterator[str]:
    """The thread as a text file, in the form in which WhatsApp itself exports one."""
    for line in lines:
        at = datetime.fromtimestamp(line.at_ms / 1000, zone)
        words = safe_text(body_of(line, full=True), keep_lines=True)
        status = f" [{line.status}]" if line.status and line.direction != "in" else ""
        yield f"[{at:%Y-%m-%d %H:%M:%S %z}] {safe_text(who(chat, line))}: {words}{status}"
        for note in notes(line):
            yield f"    {safe_text(note)}"
