"""What every part of a frame is drawn with: signs, the clock on the wall, and harmless words."""

from dataclasses import dataclass
from datetime import tzinfo

from greenbot.chat_id import ChatId
from greenbot.dashboard import words
from greenbot.dashboard.line import Span, clean
from greenbot.dashboard.marks import UNICODE, Marks
from greenbot.metrics.names import FLEET
from greenbot.redact import mask_phone

#: From here on a figure is drawn as worth a look, and as bad.
ODD_ERRORS, BAD_ERRORS = 0.02, 0.1
ODD_MS, BAD_MS = 2_000, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """`now_ms` is the moment of drawing, `zone` that of the times shown (None: this machine's)."""

    now_ms: int
    marks: Marks = UNICODE
    zone: tzinfo | None = None

    def text(self, stranger: str) -> str:
        """A text from the store, made harmless."""
        return clean(stranger, ascii_only=self.marks.ascii_only)

    def instance(self, name: str) -> str:
        """The name of an instance; what concerns all of them is the fleet's."""
        return "(fleet)" if name == FLEET else self.text(name)

    def guest(self, chat_id: str) -> str:
        """A guest, masked as everywhere: enough to recognise one you know."""
        return self.text(ChatId(chat_id).masked if "@" in chat_id else mask_phone(chat_id))

    def clock(self, at_ms: int) -> str:
        """A time of day."""
        return words.clock(at_ms, self.zone)

    def age(self, since_ms: int) -> str:
        """How long ago."""
        return words.age(self.now_ms - since_ms)

    def cell(self, text: str | None, style: str = "") -> Span:
        """A cell of a table, with a sign for nothing."""
        return (self.marks.nothing, "dim") if text is None else (text, style)

    def number(self, number: int, style: str = "") -> Span:
        """A number that is only worth ink when it is not zero."""
        return (words.count(number), style) if number else (self.marks.nothing, "dim")


def of_errors(part: int, whole: int) -> str:
    """The style of an error rate."""
    share = part / whole if whole else 0.0
    return "bad" if share >= BAD_ERRORS else "odd" if share >= ODD_ERRORS else ""


def of_time(duration_ms: int | None) -> str:
    """The style of a response time."""
    return "bad" if (duration_ms or 0) >= BAD_MS else "odd" if (duration_ms or 0) >= ODD_MS else ""
