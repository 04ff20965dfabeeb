"""`greenbot alerts backtest|test`: a rule is tried on the past, and on tables of what must happen."""

import shlex
from pathlib import Path

import pytest
import tomli_w

from greenbot.errors import ExitCode
from tests.cli.alerting import DAY_S, alert, calls, store
from tests.cli.harness import Desk
from tests.cli.hostile import TEXTS, steering

USAGE, NOT_FOUND, NEGATIVE = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.CHECK_FAILED
VECTORS = Path(__file__).parents[1] / "alerts" / "vectors"
OUTAGE = """
about = "five minutes in which everything fails"
length = "8m"
rules = ["critical_error_rate"]
[[calls]]
from = "0s"
until = "5m"
every = "1s"
fails = "all"
[[calls]]
from = "5m"
until = "8m"
every = "1s"
[[expect]]
rule = "critical_error_rate"
moves = ["pending at 15s", "firing at 75s to 100s", "resolved at 5m to 6m"]
"""


@pytest.fixture
def seen(desk: Desk) -> Desk:
    """Two hours that were well, with outages of ten minutes two days and one day ago, and one of 15 % in between."""
    calls(desk, "kyiv", from_s=3 * DAY_S, minutes=120, bad=0, good=10)
    calls(desk, "kyiv", from_s=2 * DAY_S, minutes=15, bad=10)
    calls(desk, "kyiv", from_s=2 * DAY_S - 900, minutes=45, bad=0, good=10)
    calls(desk, "kyiv", from_s=36 * 3600, minutes=30, bad=3, good=17)
    calls(desk, "kyiv", from_s=36 * 3600 - 1800, minutes=60, bad=0, good=20)
    calls(desk, "kyiv", from_s=DAY_S, minutes=15, bad=10)
    calls(desk, "kyiv", from_s=DAY_S - 900, minutes=60, bad=0, good=10)
    return desk


def backtest(desk: Desk, words: str) -> dict[str, object]:
    found: dict[str, object] = desk.here("alerts", "backtest", *shlex.split(words), "--json").ok().json
    return found


def test_a_rule_would_have_fired_where_the_outages_were(seen: Desk) -> None:
    found = backtest(seen, "high_error_rate")
    assert found["fired"] == 3
    assert [one["instance"] for one in found["firings"]] == ["kyiv"] * 3  # type: ignore[attr-defined]  # JSON
    assert all(one["resolved_at"] for one in found["firings"])  # type: ignore[attr-defined]  # JSON
    assert found["per_week"] == pytest.approx(7.0, abs=0.2), "three in the three days since something was measured"
    shown = seen.here("alerts", "backtest", "high_error_rate").ok().stdout
    assert shown.splitlines()[-1].split("\t")[1] == "kyiv"


@pytest.mark.parametrize(
    ("words", "fired"),
    [
        ("high_error_rate --at-least 50%", 2),
        ("high_error_rate --since 30h", 1),
        ("high_error_rate --since 60h --until 30h", 2),
        ("high_error_rate --instance 'lviv*' --scope instance", 0),
        ("--metric error_rate --at-least 10% --window 5m --min-samples 20 --min-bad 3 --for 25m", 1),
        ("--metric requests --above 150 --window 10m", 1),
    ],
)
def test_options_change_what_is_tried_and_nothing_in_the_store(seen: Desk, words: str, fired: int) -> None:
    before = seen.here("alerts", "list", "--json").stdout
    assert backtest(seen, words)["fired"] == fired
    assert seen.here("alerts", "list", "--json").stdout == before


def test_a_threshold_is_suggested_for_so_few_alerts_a_week(seen: Desk) -> None:
    found = backtest(seen, "high_error_rate --most-a-week 5")
    assert 15 < float(str(found["suggested"])) <= 20
    assert found["would_fire"] == 2
    again = backtest(seen, f"high_error_rate --at-least {found['suggested']}%")
    assert again["fired"] == found["would_fire"], "what is suggested is what comes of it"
    loose = backtest(seen, "high_error_rate --most-a-week 100")
    assert (loose["suggested"], loose["would_fire"]) == (10.0, 3)
    told = seen.here("alerts", "backtest", "high_error_rate", "--most-a-week", "0").ok()
    assert "No threshold alone" in told.stderr


def test_alerts_of_today_do_not_count(seen: Desk) -> None:
    alert(seen, "high_error_rate", "lviv")
    assert backtest(seen, "high_error_rate")["fired"] == 3
    with store(seen) as db:
        assert len(db.all("select * from alert_log")) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("nobody", NOT_FOUND, "nobody"),
        ("", USAGE, "Which rule?"),
        ("--metric error_rate", USAGE, "--above is missing"),
        ("high_error_rate --at-least 200%", USAGE, "--at-least should be"),
        ("high_error_rate --since tomorrow", USAGE, "tomorrow"),
        ("high_error_rate --since 1h --until 2h", USAGE, "Nothing was measured in that time"),
        ("high_error_rate --since 10d --until 9d", USAGE, "Nothing was measured in that time"),
        ("high_error_rate --most-a-week -1", USAGE, "--most-a-week"),
        ("high_error_rate --most-a-week many", USAGE, "--most-a-week"),
        ("instance_not_sendable", USAGE, "not kept over time"),
    ],
)
def test_what_cannot_be_replayed(seen: Desk, words: str, code: int, says: str) -> None:
    refused = seen.here("alerts", "backtest", *shlex.split(words))
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert says in refused.stderr


def test_nothing_measured_is_no_answer(desk: Desk) -> None:
    refused = desk.here("alerts", "backtest", "high_error_rate")
    assert (refused.exit_code, "Nothing was measured yet" in refused.stderr) == (USAGE, True)


def written(desk: Desk, text: str, name: str = "outage.toml") -> str:
    (desk.folder / name).write_text(text)
    return name


def test_a_test_that_holds_passes_and_needs_no_store(desk: Desk) -> None:
    passed = desk.here("alerts", "test", written(desk, OUTAGE)).ok()
    assert passed.stdout == "passed  outage.toml  five minutes in which everything fails\n"
    assert not desk.store.exists()
    moves = desk.here("alerts", "test", "outage.toml", "--json").ok().json["moves"]
    assert [move["to"] for move in moves] == ["pending", "firing", "resolved"]
    assert desk.here("alerts", "test", "outage.toml", "-q").ok().stdout == ""
    assert "firing at" in desk.here("alerts", "test", "outage.toml", "-v").ok().stdout


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"firing at 75s to 100s"', '"firing at 30s to 60s"'),
        (', "resolved at 5m to 6m"', ""),
        ('"pending at 15s", ', ""),
        ('"resolved at 5m to 6m"', '"resolved at 5m to 6m because no_data"'),
        ('fails = "all"', 'fails = "none"'),
        ("moves =", 'notices = ["firing"]\nmoves ='),
    ],
)
def test_a_test_that_does_not_hold_shows_what_was_expected_and_what_came(desk: Desk, was: str, becomes: str) -> None:
    assert was in OUTAGE
    failed = desk.here("alerts", "test", written(desk, OUTAGE.replace(was, becomes)))
    assert failed.exit_code == NEGATIVE
    assert "critical_error_rate for kyiv: expected " in failed.stdout
    assert "; came " in failed.stdout
    assert "1 of 1 tests failed" in failed.stderr
    told = desk.here("alerts", "test", "outage.toml", "--json")
    assert (told.exit_code, told.json["passed"], len(told.json["problems"])) == (NEGATIVE, False, 1)


def test_one_of_several_fails(desk: Desk) -> None:
    written(desk, OUTAGE, "good.toml")
    written(desk, OUTAGE.replace("75s to 100s", "5s"), "bad.toml")
    said = desk.here("alerts", "test", "good.toml", "bad.toml", "-q")
    assert (said.exit_code, said.stdout.split()) == (NEGATIVE, ["bad.toml"])


def test_every_vector_of_greenbots_own_tests_can_be_played(desk: Desk) -> None:
    files = [str(path) for path in sorted(VECTORS.glob("v*.toml"))]
    assert len(files) >= 10
    assert "passed." in desk.here("alerts", "test", *files).ok().stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("length", "not TOML"),
        ("", "length"),
        ('length = "3d"', "at most"),
        ('length = "5m"\nfoo = 1', "foo is not known here"),
        ('length = "5m"\nrules = ["nobody"]', "rules should be a list of"),
        ('length = "5m"\n[[rule]]\nname = "x"', "rule[0]: metric is missing"),
        ('length = "5m"\n[[calls]]\nfrom = "0s"', "calls[0].until"),
        ('length = "5m"\n[[calls]]\nat = ["0s"]\nfails = "some"', "calls[0].fails"),
        ('length = "5m"\n[[expect]]\nrule = "high_error_rate"\nmoves = ["boom"]', "expect[0].moves"),
        ('length = "5m"\n[[expect]]\nrule = "nobody"\nmoves = []', "no rule nobody"),
    ],
)
def test_a_file_that_is_no_test_is_told_by_its_place(desk: Desk, text: str, says: str) -> None:
    refused = desk.here("alerts", "test", written(desk, text))
    assert (refused.exit_code, refused.stdout) == (USAGE, "")
    assert "outage.toml: " in refused.stderr
    assert says in refused.stderr


def test_hostile_words_in_a_test_reach_no_terminal(desk: Desk) -> None:
    for text in TEXTS.values():
        for document in ({"length": text}, {"length": "5m", text: 1}, {"length": "5m", "rules": [text]}):
            said = desk.here("alerts", "test", written(desk, tomli_w.dumps(document)))
            assert (said.exit_code, steering(said.stderr.encode())) == (USAGE, [])


def test_hostile_words_of_a_test_that_is_played_reach_no_terminal(desk: Desk) -> None:
    text = " | ".join(TEXTS.values())
    expected = {"rule": "auth_failures", "instance": text, "moves": ["firing at 5s"]}
    document = {"about": text, "length": "1m", "rules": ["auth_failures"], "expect": [expected]}
    file = written(desk, tomli_w.dumps(document))
    for shape in ((), ("--json",), ("-v",)):
        said = desk.here("alerts", "test", file, *shape)
        assert said.exit_code == NEGATIVE, said.stderr
        assert steering((said.stdout + said.stderr).encode()) == []
