"""`greenbot alerts receivers …` and `drill`: who is told, whether it works, and that no secret stands anywhere."""

import json
import shlex
import stat
from pathlib import Path

import pytest

from greenbot.errors import ExitCode
from tests.cli.alerting import evaluator, private_file, store
from tests.cli.harness import Desk, running
from tests.cli.receiver import receiving
from tests.cli.test_serve import serving

USAGE, NOT_FOUND, REFUSED = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.REFUSED
PENDING, NEGATIVE, UNUSABLE = ExitCode.PENDING, ExitCode.CHECK_FAILED, ExitCode.UNUSABLE
SLACK = "https://hooks.slack.com/services/T00000000/B00000000/verysecretverysecret"
SCRIPT = ("receivers", "add", "script", "--kind", "command", "--command", "/bin/sh -c 'cat > told.json'")


def receivers(desk: Desk) -> dict[str, dict[str, object]]:
    return {line["name"]: line for line in desk.here("alerts", "receivers", "list", "--json").ok().lines}


def test_nobody_is_told_until_somebody_is_added(desk: Desk) -> None:
    assert receivers(desk) == {}
    failed = desk.here("alerts", "drill")
    assert failed.exit_code == NEGATIVE
    assert "greenbot alerts receivers add" in failed.stderr


def test_a_secret_from_stdin_is_kept_in_a_file_and_shown_nowhere(desk: Desk) -> None:
    words = ("alerts", "receivers", "add", "ops", "--kind", "slack", "--url-stdin")
    added = desk.here(*words, stdin=SLACK + "\n").ok()
    file = Path(json.loads(desk.here("alerts", "receivers", "list", "--json").stdout)["settings"]["url_file"])
    assert (file.read_text().strip(), stat.S_IMODE(file.stat().st_mode)) == (SLACK, 0o600)
    for said in (
        added,
        desk.here("alerts", "receivers", "show", "ops"),
        desk.here("alerts", "export"),
        desk.here("audit", "list", "--json"),
    ):
        assert "verysecret" not in said.stdout + said.stderr
    assert b"verysecret" not in b"".join(path.read_bytes() for path in desk.home.glob("greenbot.db*"))
    desk.here("alerts", "receivers", "remove", "ops", "--yes").ok()
    assert not file.exists(), "a secret that greenbot keeps goes with its receiver"


def test_a_file_of_somebody_else_is_named_absolutely_and_stays(desk: Desk) -> None:
    private_file(desk, "slack", SLACK)
    desk.here("alerts", "receivers", "add", "ops", "--kind", "slack", "--url-file", "slack").ok()
    settings = receivers(desk)["ops"]["settings"]
    assert settings == {"name": "ops", "kind": "slack", "default": True, "url_file": str(desk.folder / "slack")}
    desk.here("alerts", "receivers", "remove", "ops", "--yes").ok()
    assert (desk.folder / "slack").exists()


def test_a_file_that_others_can_read_is_refused(desk: Desk) -> None:
    Path(private_file(desk, "slack", SLACK)).chmod(0o644)
    refused = desk.here("alerts", "receivers", "add", "ops", "--kind", "slack", "--url-file", "slack")
    assert refused.exit_code == UNUSABLE
    assert receivers(desk) == {}


def test_the_first_receiver_is_the_default_one(desk: Desk) -> None:
    said = desk.here("alerts", *SCRIPT).ok()
    assert "every rule that names nobody" in said.stderr
    desk.here("alerts", "receivers", "add", "two", "--kind", "command", "--command", "/bin/true").ok()
    assert {name: one["default"] for name, one in receivers(desk).items()} == {"script": True, "two": False}
    removed = desk.here("alerts", "receivers", "remove", "script", "--yes").ok()
    assert "no receiver is the default" in removed.stderr


def test_a_receiver_is_changed_switched_and_removed(desk: Desk) -> None:
    desk.here("alerts", *SCRIPT).ok()
    desk.here("alerts", "receivers", "add", "night", "--kind", "command", "--command", "/bin/true").ok()
    desk.here("alerts", "receivers", "edit", "script", "--fallback", "night", "--no-default").ok()
    found = receivers(desk)["script"]
    assert (found["fallback"], found["default"]) == ("night", False)
    assert found["settings"]["command"][0] == "/bin/sh"  # type: ignore[index]  # JSON
    desk.here("alerts", "receivers", "disable", "night").ok()
    assert receivers(desk)["night"]["state"] == "off"
    desk.here("alerts", "receivers", "enable", "night").ok()
    assert desk.here("alerts", "receivers", "remove", "night", "--yes").exit_code == REFUSED, "it is a fallback"
    desk.here("alerts", "receivers", "edit", "script", "--fallback", "").ok()
    desk.here("alerts", "receivers", "remove", "night", "--yes").ok()
    assert receivers(desk).keys() == {"script"}


def test_dry_runs_and_read_only_change_nothing(desk: Desk) -> None:
    desk.here("alerts", *SCRIPT, "-n").ok()
    assert receivers(desk) == {}
    desk.here("alerts", *SCRIPT).ok()
    before = receivers(desk)
    tried = ("remove script --yes", "disable script", "test script", "edit script --no-default")
    for words in tried:
        desk.here("alerts", "receivers", *shlex.split(words), "-n").ok()
        assert desk.here("alerts", "receivers", *shlex.split(words), "--read-only").exit_code == REFUSED
    desk.here("alerts", "drill", "-n").ok()
    assert receivers(desk) == before
    assert not (desk.folder / "told.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("add ops", USAGE, "--kind is missing"),
        ("add ops --kind pigeon", USAGE, "--kind should be one of command, webhook"),
        ("add Ops --kind command --command x", USAGE, "NAME should be a name of small letters"),
        ("add ops --kind command", USAGE, "--command is missing"),
        ('add ops --kind command --command "\'x"', USAGE, "Close the quotes"),
        ("add ops --kind command --command x --set timeout_seconds=900", USAGE, "--set timeout_seconds should be"),
        ("add ops --kind command --command x --set colour=red", USAGE, "--set colour is not a setting of command"),
        ("add ops --kind command --command x --set colour", USAGE, "NAME=VALUE"),
        (f"add ops --kind slack --url {SLACK}", USAGE, "--url is a secret"),
        ("add ops --kind slack", USAGE, "--url-file is missing (or --url-env"),
        ("add ops --kind slack --url-env 'A B'", USAGE, "--url-env should be the name of an environment variable"),
        ("add ops --kind slack --url-env A --url-file b", USAGE, "besides"),
        ("add ops --kind slack --url-stdin --url-env A", USAGE, "One place is enough"),
        ("add ops --kind slack --url-stdin --secret-stdin", USAGE, "stdin holds one secret"),
        ("add ops --kind slack --url-stdin", USAGE, "The url is empty"),
        ("add ops --kind webhook", USAGE, "--url is missing"),
        ("add ops --kind webhook --url ftp://a.example/", USAGE, "--url cannot be called"),
        ("add ops --kind email --to a@example.com", USAGE, "--host is missing"),
        ("add ops --kind email --host h --from a@b.example", USAGE, "--to is missing"),
        ("add ops --kind email --host h --from a@b.example --to c@d.example --set port=0", USAGE, "--set port should"),
        ("add ops --kind email --host h --from a@b.c --to d@e.f --set security=maybe", USAGE, "--set security"),
        ("add ops --kind whatsapp --to +380441234567", USAGE, "--instance is missing"),
        ("add ops --kind whatsapp --instance a --to 12", USAGE, "--to should be numbers"),
        ("add ops --kind telegram --chat 1", USAGE, "--token-file is missing"),
        ("add ops --kind pagerduty", USAGE, "--key-file is missing"),
        ("add ops --kind command --command x --fallback ops", USAGE, "--fallback should be another receiver"),
        ("add ops --kind command --command x --fallback nobody", NOT_FOUND, "nobody"),
        ("show nobody", NOT_FOUND, "no receiver called nobody"),
        ("edit nobody --default", NOT_FOUND, "nobody"),
        ("test nobody", NOT_FOUND, "nobody"),
        ("enable nobody", NOT_FOUND, "nobody"),
        ("remove nobody --yes", NOT_FOUND, "nobody"),
        ("kinds pigeon", NOT_FOUND, "Kinds: command"),
    ],
)
def test_what_is_typed_wrong_is_told_by_its_option(desk: Desk, words: str, code: int, says: str) -> None:
    refused = desk.here("alerts", "receivers", *shlex.split(words), stdin="")
    assert (refused.exit_code, refused.stdout) == (code, ""), refused.stderr
    assert says in refused.stderr
    assert "verysecret" not in refused.stderr
    assert receivers(desk) == {}


def test_a_number_that_would_carry_the_news_of_its_own_trouble_is_refused(desk: Desk) -> None:
    words = "alerts receivers add night --kind whatsapp --instance default --to +380441234567 --default"
    refused = desk.here(*shlex.split(words))
    assert refused.exit_code == REFUSED
    assert "nobody hears of it" in refused.stderr


def test_every_kind_says_what_it_needs(desk: Desk) -> None:
    kinds = [line["kind"] for line in desk.here("alerts", "receivers", "kinds", "--json").ok().lines]
    assert {"command", "webhook", "email", "slack", "telegram", "pagerduty", "whatsapp", "apprise"} == {*kinds}
    for kind in kinds:
        assert desk.here("alerts", "receivers", "kinds", kind, "-q").ok().stdout.strip()


def test_a_test_arrives_or_says_why_not(desk: Desk) -> None:
    desk.here("alerts", *SCRIPT).ok()
    tested = desk.here("alerts", "receivers", "test", "script", "--json").ok().json
    assert (tested["receiver"], tested["result"], tested["attempts"]) == ("script", "arrived", 1)
    assert json.loads((desk.folder / "told.json").read_text())["type"] == "alert.test"
    desk.here("alerts", "receivers", "add", "bad", "--kind", "command", "--command", "/bin/false").ok()
    failed = desk.here("alerts", "receivers", "test", "bad", "--json")
    assert (failed.exit_code, failed.json["result"]) == (NEGATIVE, "failed")
    assert "exit status 1" in failed.json["words"]
    assert receivers(desk)["bad"]["problem"]


def test_without_a_service_a_drill_is_carried_by_the_command(desk: Desk) -> None:
    with receiving() as there:
        desk.here("config", "set", "outbound.allow", f"127.0.0.1:{there.port}").ok()
        desk.here("alerts", "receivers", "add", "hook", "--kind", "webhook", "--url", there.url).ok()
        desk.here("alerts", "receivers", "add", "bad", "--kind", "command", "--command", "/bin/false").ok()
        done = desk.here("alerts", "drill", "high_error_rate", "-i", "kyiv", "--json").ok()
        both = desk.here("alerts", "drill", "--receiver", "hook", "--receiver", "bad", "--timeout", "20s", "--json")
    assert "No greenbot serve is running" in done.stderr
    assert [(line["receiver"], line["result"]) for line in done.lines] == [("hook", "arrived")]
    (told, _) = there.bodies
    assert (told["type"], told["rule"], told["alerts"][0]["instance"]) == ("alert.drill", "high_error_rate", "kyiv")
    assert both.exit_code == NEGATIVE
    assert {line["receiver"]: line["result"] for line in both.lines} == {"hook": "arrived", "bad": "failed"}
    with store(desk) as db:
        assert db.all("select * from alerts") == [], "no alert begins by a drill"
    actions = [line["action"] for line in desk.here("audit", "list", "--json").ok().lines]
    assert actions.count("alerts.drill") == 2


def test_a_drill_is_pending_when_its_proof_does_not_come(desk: Desk) -> None:
    evaluator(desk)  # a service is believed to run, so the command does not carry it by itself
    desk.here("alerts", *SCRIPT).ok()
    waiting = desk.here("alerts", "drill", "--timeout", "300ms")
    assert waiting.exit_code == PENDING
    assert not (desk.folder / "told.json").exists()
    tested = desk.here("alerts", "receivers", "test", "script", "--timeout", "300ms", "--json")
    assert (tested.exit_code, tested.json["result"]) == (PENDING, "pending")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("drill nobody", NOT_FOUND),
        ("drill --receiver nobody", NOT_FOUND),
        ("drill --timeout soon", USAGE),
        ("drill --read-only", REFUSED),
        ("receivers test script --timeout soon", USAGE),
    ],
)
def test_a_drill_that_cannot_be(desk: Desk, words: str, code: int) -> None:
    desk.here("alerts", *SCRIPT).ok()
    assert desk.here("alerts", *shlex.split(words)).exit_code == code
    with store(desk) as db:
        assert db.all("select * from notices") == []


@pytest.mark.integration
def test_a_drill_goes_through_the_running_service(desk: Desk) -> None:
    with receiving() as there:
        desk.here("config", "set", "outbound.allow", f"127.0.0.1:{there.port}").ok()
        desk.here("alerts", "receivers", "add", "hook", "--kind", "webhook", "--url", there.url).ok()
        with serving(desk) as service, running(service.process):
            evaluator_looked(desk)
            done = desk("alerts", "drill", "--json").ok()
    assert "No greenbot serve" not in done.stderr
    assert [line["result"] for line in done.lines] == ["arrived"]
    assert [body["type"] for body in there.bodies] == ["alert.drill"]


def evaluator_looked(desk: Desk) -> None:
    """Wait until the service's evaluator made its first turn."""
    from tests.cli.harness import until

    until(lambda: desk.here("alerts", "status", "--json").ok().json["watched"])
