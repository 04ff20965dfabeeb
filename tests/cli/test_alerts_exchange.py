"""`greenbot alerts export|apply`: rules and receivers as a reviewed file, all of it or nothing."""

import shlex
import tomllib
from pathlib import Path

import pytest
import tomli_w

from greenbot.errors import ExitCode
from tests.cli.alerting import alert
from tests.cli.harness import Desk

USAGE, REFUSED = ExitCode.USAGE, ExitCode.REFUSED


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk with rules of its own, and receivers that lean on each other."""
    for words in (
        "receivers add zoe --kind command --command '/bin/echo -- \"two words\"' --set environment=HOME,LANG",
        "receivers add ann --kind command --command /bin/true --fallback zoe --set timeout_seconds=9",
        "receivers add web --kind webhook --url https://crm.example.com/in --fallback ann --no-default",
        "add slow --metric response_time_p95 --above 1500ms --window 10m --for 1m --repeat 1d --notify web",
        "add shared --metric error_rate --at-least 12.5% --window 1h --scope both --min-samples 7 --min-bad 2 "
        "-i 'grand-[ab]*' --keep-firing 5m --cooldown 0s --severity low --description 'Ask Zoë: \"why?\" = [x]'",
    ):
        desk.here("alerts", *shlex.split(words)).ok()
    desk.here("alerts", "disable", "slow").ok()
    return desk


def exported(desk: Desk) -> str:
    return desk.here("alerts", "export").ok().stdout


def written(desk: Desk, text: str) -> str:
    (desk.folder / "alerts.toml").write_text(text)
    return "alerts.toml"


def test_what_is_exported_is_what_is_there(stocked: Desk) -> None:
    document = tomllib.loads(exported(stocked))
    assert document["rules"]["slow"] == {
        "metric": "response_time_p95", "op": ">", "threshold": "1500ms", "window": "10m", "for": "1m",
        "receivers": ["web"], "repeat": "1d", "enabled": False,
    }  # fmt: skip
    assert document["receivers"]["ann"] == {
        "kind": "command", "fallback": "zoe", "command": ["/bin/true"], "timeout_seconds": 9,
    }  # fmt: skip
    assert "high_error_rate" in document["rules"]
    stocked.here("alerts", "export", "-o", "file.toml").ok()
    assert (stocked.folder / "file.toml").read_text() == exported(stocked)


def test_an_export_changes_nothing_where_it_was_made(stocked: Desk) -> None:
    before = stocked.here("alerts", "list", "--json").stdout
    applied = stocked.here("alerts", "apply", written(stocked, exported(stocked)), "--prune").ok()
    assert applied.stdout == ""
    assert "Nothing to change" in applied.stderr
    assert stocked.here("alerts", "list", "--json").stdout == before, "no edition grew"


def test_another_installation_becomes_the_same(stocked: Desk, make_desk: object) -> None:
    other = make_desk()  # type: ignore[operator]  # the fixture makes desks
    other.here(*shlex.split("alerts add odd --metric errors --above 1 --window 1m --min-samples 2")).ok()
    text = exported(stocked)
    other.here("alerts", "apply", "-", "--prune", "--yes", stdin=text).ok()
    assert exported(other) == text
    odd = other.here("audit", "list", "--subject", "rule odd", "--json").ok().lines
    assert [line["action"] for line in odd] == ["alerts.remove", "alerts.add"]


def test_a_dry_run_shows_every_difference_and_changes_nothing(stocked: Desk) -> None:
    before = exported(stocked)
    text = before.replace('threshold = "10%"', 'threshold = "15%"').replace('fallback = "zoe"\n', "")
    file = written(stocked, text.replace("[rules.slow]", "[rules.slower]"))
    said = stocked.here("alerts", "apply", file, "--prune", "-n").ok()
    lines = said.stdout.splitlines()
    for line in (
        "~ receiver ann", "    fallback: zoe -> (default)", "~ rule high_error_rate", "    threshold: 10% -> 15%",
        "+ rule slower", "- rule slow",
    ):  # fmt: skip
        assert line in lines
    shown = stocked.here("alerts", "apply", file, "--prune", "-n", "--json").ok().json
    assert {(one["kind"], one["what"], one["name"]) for one in shown["changes"]} == {
        ("change", "receiver", "ann"), ("change", "rule", "high_error_rate"), ("add", "rule", "slower"),
        ("remove", "rule", "slow"),
    }  # fmt: skip
    assert exported(stocked) == before


def test_what_a_file_does_not_name_stays_without_prune(stocked: Desk) -> None:
    stocked.here(
        "alerts", "apply", "-", stdin='[rules.slow]\nmetric = "errors"\nop = ">"\nthreshold = 3\nwindow = 60'
    ).ok()
    document = tomllib.loads(exported(stocked))
    assert document["rules"]["slow"] == {"metric": "errors", "op": ">", "threshold": "3", "window": "1m"}
    assert "high_error_rate" in document["rules"]
    assert document["receivers"].keys() == {"ann", "web", "zoe"}


def test_a_file_without_receivers_says_nothing_of_them(stocked: Desk) -> None:
    stocked.here("alerts", "apply", "-", "--prune", "--yes", stdin="[rules]\n").ok()
    document = tomllib.loads(exported(stocked))
    assert (document["rules"], document["receivers"].keys()) == ({}, {"ann", "web", "zoe"})
    stocked.here("alerts", "apply", "-", "--prune", "--yes", stdin="[receivers]\n").ok()
    assert tomllib.loads(exported(stocked))["receivers"] == {}


def test_removing_is_asked_first_and_read_only_refuses(stocked: Desk) -> None:
    before = exported(stocked)
    for words, code in ((("--prune",), USAGE), (("--prune", "--yes", "--read-only"), REFUSED)):
        assert stocked.here("alerts", "apply", "-", *words, stdin="[rules]\n").exit_code == code
    assert exported(stocked) == before


def test_all_of_it_or_nothing(stocked: Desk) -> None:
    """The last step is refused, since a rule names the receiver that is to go: nothing before it is kept."""
    alert(stocked, "high_error_rate", "kyiv")
    before = exported(stocked)
    document = tomllib.loads(before)
    del document["receivers"]["web"]
    document["rules"]["high_error_rate"]["threshold"] = "50%"
    file = written(stocked, tomli_w.dumps(document))
    refused = stocked.here("alerts", "apply", file, "--prune", "--yes")
    assert (refused.exit_code, "still named by rule slow" in refused.stderr) == (REFUSED, True)
    assert exported(stocked) == before
    assert stocked.here("alerts", "status", "--json").ok().json["firing"] == 1, "its alert did not end"


def test_a_rule_may_name_a_receiver_that_does_not_exist_but_it_is_said(desk: Desk) -> None:
    text = '[rules.x]\nmetric = "errors"\nop = ">"\nthreshold = 3\nwindow = 60\nreceivers = ["ops"]\n'
    said = desk.here("alerts", "apply", "-", stdin=text).ok()
    assert "names the receiver ops, which does not exist" in said.stderr


GOOD = 'metric = "errors"\nop = ">"\nthreshold = 3\nwindow = 60\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "neither rules nor receivers"),
        ("# nothing", "neither rules nor receivers"),
        ("[rules", "not TOML"),
        ("[rules.x]\nmetric = 1\n[rules.x]\n", "not TOML"),
        ("[silences]\n", "silences is not known here"),
        ("rules = 1\n", "rules should be tables"),
        ("[[rules]]\n", "rules should be tables: [rules.NAME]"),
        ("[rules]\nx = 1\n", "rules.x should be a table"),
        ("[receivers]\nx = []\n", "receivers.x should be a table"),
        (f'[rules.x]\nname = "y"\n{GOOD}', "rules.x.name is not needed"),
        (f"[rules.Big]\n{GOOD}", "rules.Big.name should be a name"),
        ('[rules."a b"]\n' + GOOD, "should be a name"),
        (f"[rules.x]\n{GOOD}colour = 1\n", "rules.x.colour is not a field"),
        ('[rules.x]\nmetric = "q"\n', "rules.x.metric should name a metric"),
        ('[rules.x]\nmetric = "q"\n', "rules.x.threshold is missing"),
        (f"[rules.x]\n{GOOD}min_total = 1.5\n", "rules.x.min_total should be a whole number"),
        (f"[rules.x]\n{GOOD}enabled = 1\n", "rules.x.enabled should be true or false"),
        (f"[rules.x]\n{GOOD}for = 1979-05-27\n", "rules.x.for"),
        (f'[rules.x]\n{GOOD}receivers = "ops"\n', "rules.x.receivers should be a list"),
        (f'[rules.x]\n{GOOD}receivers = ["ops", "Ops"]\n', "rules.x.receivers[1]"),
        (f"[rules.x]\n{GOOD}[rules.y]\n", "rules.y.metric is missing"),
        ("[receivers.x]\n", "receivers.x.kind is missing"),
        ('[receivers.x]\nkind = "pigeon"\n', "receivers.x.kind should be one of"),
        ('[receivers.x]\nkind = "slack"\nurl = "https://hooks.slack.com/x"\n', "receivers.x.url is a secret"),
        ('[receivers.x]\nkind = "command"\ncommand = "ls -l"\n', "receivers.x.command should be a list"),
        ('[receivers.x]\nkind = "command"\ncommand = ["ls"]\nfallback = "y"\n', "x.fallback names no receiver: y"),
        ('[receivers."\\u001b[31m"]\nkind = "command"\ncommand = ["ls"]\n', "should be a name"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(desk: Desk, text: str, says: str) -> None:
    before = exported(desk)
    refused = desk.here("alerts", "apply", "-", "--prune", "--yes", stdin=text)
    assert (refused.exit_code, refused.stdout) == (USAGE, "")
    assert says in refused.stderr
    assert "\x1b" not in refused.stderr
    assert exported(desk) == before


def test_files_that_are_none(desk: Desk) -> None:
    (desk.folder / "latin1.toml").write_bytes(b"# caf\xe9\n")
    (desk.folder / "huge.toml").write_text("#" * 1_000_001)
    for name, says in (
        ("none.toml", "No such file"),
        ("latin1.toml", "UTF-8"),
        ("huge.toml", "1 MB"),
        (".", "directory"),
    ):
        refused = desk.here("alerts", "apply", name)
        assert (refused.exit_code, says in refused.stderr) == (USAGE, True)
    assert desk.here("alerts", "export", "-o", "missing/file.toml").exit_code == ExitCode.UNUSABLE
    assert not Path(desk.folder / "missing").exists()
