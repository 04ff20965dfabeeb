"""Lines and sums of a report against counting every single happening: each hotel on the days of its own zone."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from greenbot.db.connect import connect
from greenbot.metrics.names import Names
from greenbot.metrics.rollup import roll_up
from greenbot.metrics.series import Series
from greenbot.report.period import Period
from greenbot.report.report import Hotel, Line, Report, make
from tests.metrics.counting import NOW_S, Happening, StandingClock, keep, percentile

LAST = datetime.fromtimestamp(NOW_S, UTC).date()
PERIOD = Period(first=date(2026, 11, 19), last=LAST)
ZONES = {"kyiv": "Europe/Kyiv", "lviv": "Asia/Kathmandu", "tokyo": "Asia/Tokyo"}
HOTELS = [Hotel(name=name, zone=ZoneInfo(zone), zone_name=zone) for name, zone in ZONES.items()]
KINDS = st.sampled_from(
    [
        (Series.SEND, "", True),
        (Series.SEND, "503 http_503", False),
        (Series.QUERY, "429 rate_limited", True),
        (Series.MESSAGE, "accepted response", True),
        (Series.MESSAGE, "failed rejected", False),
        (Series.MESSAGE, "uncertain look", False),
        (Series.DELIVERY, "sent", True),
        (Series.DELIVERY, "delivered", True),
        (Series.DELIVERY, "read", True),
        (Series.EVENT, "incomingMessageReceived", True),
    ]
)
HAPPENINGS = st.lists(
    st.builds(
        lambda at_ms, instance, kind, value_ms: Happening(
            at_ms=at_ms, instance=instance, series=kind[0], label=kind[1], ok=kind[2], value_ms=value_ms
        ),
        st.integers((NOW_S - 5 * 86_400) * 1000, NOW_S * 1000 - 1),
        st.sampled_from(list(ZONES)),
        KINDS,
        st.integers(1, 60_000),
    ),
    max_size=60,
    unique_by=lambda one: one.at_ms,
)


@settings(max_examples=12, deadline=None)
@given(HAPPENINGS, st.integers(0, 60))
def test_every_line_and_every_sum_counts_what_happened(happenings: list[Happening], rolled: int) -> None:
    report = reported(happenings, rolled)
    mine = [one for one in happenings if PERIOD.first <= day_of(one) <= PERIOD.last]
    for line in (*report.lines, *report.by_hotel, *report.by_day, report.total):
        inside = [one for one in mine if line.day in (None, day_of(one)) and line.hotel in (None, one.instance)]
        assert told(line) == counted(inside)
        near(line.figures.p95_ms, [one for one in inside if one.series in (Series.SEND, Series.QUERY)], 0.95)
        near(line.delivered_p50_ms, [one for one in inside if one.series is Series.DELIVERY], 0.5)
    assert len(report.lines) == len(HOTELS) * len(PERIOD.days)


def reported(happenings: list[Happening], rolled: int) -> Report:
    with TemporaryDirectory() as folder:
        db = connect(Path(folder) / "greenbot.db", clock=StandingClock(seconds=NOW_S))
        names = Names()
        keep(db, names, happenings[:rolled])
        roll_up(db, names)
        keep(db, names, happenings[rolled:])
        report = make(db, Names(), HOTELS, PERIOD, NOW_S * 1000)
        db.close()
    return report


def day_of(one: Happening) -> date:
    return datetime.fromtimestamp(one.at_ms / 1000, ZoneInfo(ZONES[one.instance])).date()


def told(line: Line) -> list[object]:
    figures = line.figures
    failed = figures.failed_messages - figures.expired - figures.uncertain
    troubles = {(trouble.of, trouble.label): trouble.count for trouble in line.troubles}
    return [figures.calls, figures.failed_calls, figures.rate_limited, figures.accepted, failed, figures.uncertain,
            figures.delivered, figures.read, figures.received, troubles]  # fmt: skip


def counted(inside: list[Happening]) -> list[object]:
    def labelled(series: Series, label: str) -> int:
        return sum(one.series is series and one.label == label for one in inside)

    calls = [one for one in inside if one.series in (Series.SEND, Series.QUERY)]
    troubles: dict[tuple[str, str], int] = {}
    for one in inside:
        if one.label and (one in calls or (one.series is Series.MESSAGE and not one.ok)):
            key = ("call" if one in calls else "message", one.label)
            troubles[key] = troubles.get(key, 0) + 1
    return [
        len(calls), sum(not one.ok for one in calls), labelled(Series.QUERY, "429 rate_limited"),
        labelled(Series.MESSAGE, "accepted response"), labelled(Series.MESSAGE, "failed rejected"),
        labelled(Series.MESSAGE, "uncertain look"), labelled(Series.DELIVERY, "delivered"),
        labelled(Series.DELIVERY, "read"), labelled(Series.EVENT, "incomingMessageReceived"), troubles,
    ]  # fmt: skip


def near(found: int | None, inside: list[Happening], share: float) -> None:
    right = percentile([one.value_ms for one in inside if one.value_ms is not None], share)
    assert (found is None) == (right is None)
    assert found is None or right is None or abs(found - right) <= 0.01 * right + 1
