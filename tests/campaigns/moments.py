"""Moments as tests write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> int:
    """`2026-03-29 02:30` on the clocks of a zone, UTC milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


def shown(moment_ms: int, zone: str = "UTC") -> str:
    """A moment as the clocks of a zone show it, with the offset."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %z")


#: A Monday in May, 12:00 in Kyiv.
NOON_MS = at("2026-05-11 12:00", "Europe/Kyiv")
