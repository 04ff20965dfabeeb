"""The golden vectors: through the engine of `alerts test`, and through an evaluator that dies after every look."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenbot.alerts.stage import BEGIN_MS, Stage
from greenbot.alerts.vectors import BadVector, Happening, load, parse
from greenbot.clock import ManualClock
from greenbot.db.connect import connect
from greenbot.metrics.cell import Cell
from greenbot.metrics.cells import Key, append
from greenbot.metrics.names import Names
from greenbot.metrics.series import Series

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

FILES = sorted((Path(__file__).parent / "vectors").glob("*.toml"))
FEED = """
insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
values (:at, :instance, :kind, :name, :label, :value)
"""
METHODS = {Series.SEND: "sendMessage", Series.QUERY: "getStateInstance", Series.TRANSFER: "uploadFile",
           Series.POLL: "receiveNotification"}  # fmt: skip


def test_there_are_the_eight_of_the_specification_and_forty_of_our_own() -> None:
    names = [path.stem for path in FILES]

    assert {name[:2] for name in names if name.startswith("v")} >= {f"v{number}" for number in range(1, 9)}
    assert sum(not name.startswith(tuple(f"v{number}_" for number in range(1, 9))) for name in names) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_exactly_the_expected_moves_come(path: Path, theatre: Stage) -> None:
    assert theatre.play(load(path)).problems == []


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything comes through the feed, as triggers write it, and each look is made by a fresh evaluator."""
    db = connect(tmp_path_factory.mktemp("mortal") / "greenbot.db", clock=ManualClock(BEGIN_MS))
    yield Stage(db, write=write_feed, restarts=True)
    db.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_evaluator_that_dies_after_every_look_comes_to_the_same(path: Path, mortal: Stage) -> None:
    assert mortal.play(load(path)).problems == []


def write_feed(tx: "Tx", names: Names, happened: Sequence[tuple[int, Happening]]) -> None:
    """The lines triggers would write; what they do not write is counted in memory, as in a server."""
    counted: dict[Key, Cell] = {}
    for at_ms, one in happened:
        if one.series is Series.AUTH:
            key = Key(at_s=at_ms // 10_000 * 10, instance=one.instance, series=one.series)
            counted.setdefault(key, Cell()).add(at_ms, ok=False)
            continue
        kind, name, label = _line(one)
        tx.run(FEED, at=at_ms, instance=one.instance, kind=kind, name=name, label=label, value=one.value_ms)
    append(tx, names, counted)


def _line(one: Happening) -> tuple[str, str, str]:
    if one.series is Series.EVENT:
        return "event", "incomingMessageReceived", "done" if one.ok else "dead"
    if one.series is Series.MESSAGE:
        return "message", "sendMessage", "accepted posted" if one.ok else "failed rejected"
    outcome = "limited 429 rate_limited" if one.label else "accepted 200 accepted"
    return "call", METHODS[one.series], outcome if one.ok else "not_sent 503 http_503"


BAD = {
    "no TOML": ("length = ", "not TOML"),
    "unknown table": ('length = "5m"\n[[cals]]\n', "cals is not known"),
    "unknown field": ('length = "5m"\n[[calls]]\nat = ["1s"]\nfail = "all"\n', r"calls\[0\].fail is not known"),
    "no length": ("about = 'x'", "length"),
    "too long": ('length = "100d"', "length should be at most"),
    "bad share": ('length = "5m"\n[[calls]]\nat = ["1s"]\nfails = "1 of 0"\n', r"calls\[0\].fails"),
    "bad rule": ('length = "5m"\n[[rule]]\nname = "x"\n', r"rule\[0\]: metric is missing"),
    "unknown rule": ('length = "5m"\n[[expect]]\nrule = "nope"\nmoves = []\n', "no rule nope"),
    "unknown default": ('length = "5m"\nrules = ["nope"]\n', "rules should be a list"),
    "bad move": ('length = "5m"\n[[expect]]\nrule = "slow_response"\nmoves = ["asleep at 5s"]\n', r"expect\[0\].moves"),
    "no time": ('length = "5m"\n[[calls]]\nfrom = "x"\nuntil = "5s"\nevery = "1s"\n', r"calls\[0\].from"),
    "endless": ('length = "5m"\n[[calls]]\nfrom = "0s"\nuntil = "5s"\nevery = "0s"\n', "every should be longer"),
    "too much": ('length = "2d"\n[[calls]]\nfrom = "0s"\nuntil = "2d"\nevery = "1ms"\n', "every should be longer"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_no_test_is_refused_with_the_place(case: str) -> None:
    text, told = BAD[case]

    with pytest.raises(BadVector, match=told):
        parse(text)


@pytest.mark.parametrize(
    ("expectation", "told"),
    [
        ("moves = []", "came firing at 15s"),
        ('moves = ["firing at 30s"]', "came firing at 15s"),
        ('moves = ["firing at 15s", "resolved at 60s"]', "expected firing at 15s, resolved at 60s"),
        ('moves = ["firing at 15s because streak"]', "because value"),
        ('moves = ["firing at 15s"]\nnotices = []', "came firing"),
    ],
    ids=["unexpected", "too early", "missing", "another reason", "a notice too many"],
)
def test_a_test_that_does_not_hold_says_what_came_instead(expectation: str, told: str, theatre: Stage) -> None:
    report = theatre.play(
        parse(f"""
length = "40s"
[[rule]]
name = "errors"
metric = "errors"
op = ">="
threshold = 1
window = "1m"
[[calls]]
at = ["1s"]
fails = "all"
[[expect]]
rule = "errors"
{expectation}
""")
    )

    assert len(report.problems) == 1
    assert told in report.problems[0]
