"""A place on the map."""

import math
from dataclasses import dataclass
from typing import ClassVar

from greenbot.errors import BadDraft
from greenbot.messages.checks import check_remote_id, check_text, check_typing, shown
from greenbot.messages.drafts.base import ChatDraft, given
from greenbot.safe_text import safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(ChatDraft):
    """A point on the map, in degrees: north and east are positive."""

    kind: ClassVar[str] = "location"
    method: ClassVar[str] = "sendLocation"

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    quoted_message_id: str | None = None
    typing_ms: int | None = None

    def check(self) -> None:
        _check_degrees(self.latitude, what="latitude", most=90, hint=self._hint())
        _check_degrees(self.longitude, what="longitude", most=180, hint=self._hint())
        check_text(self.name, what="The name of the place")
        check_text(self.address, what="The address")
        if self.quoted_message_id is not None:
            check_remote_id(self.quoted_message_id, what="The id of the quoted message")
        check_typing(self.typing_ms)

    def _hint(self) -> str:
        numbers = all(_is_number(value) for value in (self.latitude, self.longitude))
        if numbers and 90 < abs(self.latitude) <= 180 and abs(self.longitude) <= 90:
            return "Are the two numbers swapped? Latitude comes first, such as 50.4501 30.5234"
        return "Write latitude and longitude in degrees, such as 50.4501 30.5234"

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            latitude=self.latitude,
            longitude=self.longitude,
            nameLocation=self.name,
            address=self.address,
            quotedMessageId=self.quoted_message_id,
            typingTime=self.typing_ms,
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.name, self.address, f"{self.latitude:.6f}", f"{self.longitude:.6f}")

    def summary(self) -> str:
        point = f"{self.latitude:g}, {self.longitude:g}"
        return safe_text(" ".join(filter(None, (self.name, self.address, point))), limit=60)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_degrees(value: object, *, what: str, most: int, hint: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise BadDraft(f"The {what} {shown(str(value))} is not a number.", hint=hint)
    if abs(value) > most:
        raise BadDraft(f"The {what} is {value:g}; it lies between -{most} and {most}.", hint=hint)
