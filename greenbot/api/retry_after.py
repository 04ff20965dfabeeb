"""The Retry-After header as seconds."""

from collections.abc import Mapping

#: A longer pause is somebody's mistake, not a limiter's wish.
LONGEST_SECONDS = 86_400.0


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the server asks us to wait, 0 to 86400; None if it does not say so in a way we understand.

    A date is compared with the Date of the same answer, so no clock is needed and none can be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        between = _seconds_between(headers.get("date", ""), value)
        if between is None:
            return None
        seconds = between
    return min(max(0.0, seconds), LONGEST_SECONDS)


def _seconds_between(start: str, end: str) -> float | None:
    if not start or not end:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return (parsedate_to_datetime(end) - parsedate_to_datetime(start)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
