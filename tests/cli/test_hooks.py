"""`greenbot hooks …`: rules made, looked at, tried, changed and removed at the shell."""

import stat
from pathlib import Path

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import Desk, Result, running, until
from tests.cli.receiver import receiving
from tests.hooks.test_signature import verified

CRM = ("hooks", "add", "crm", "--url", "https://crm.example.com/in?key=secretkey")


def hooks(desk: Desk) -> list[dict[str, object]]:
    return desk.here("hooks", "list", "--json").ok().lines


def secret_file(added: Result) -> Path:
    return Path(added.stderr.rpartition(" is in ")[2].strip())


def test_a_hook_is_added_listed_and_shown(desk: Desk) -> None:
    added = desk.here(*CRM, "--events", "text,image", "--match", "urgent").ok()
    file = secret_file(added)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("whsec_")
    assert file.read_text().strip() not in added.stdout + added.stderr
    (listed,) = hooks(desk)
    assert (listed["name"], listed["state"], listed["events"]) == ("crm", "on", ["text", "image"])
    shown = desk.here("hooks", "show", "crm", "--json").ok().json
    assert shown["target"] == "https://crm.example.com/in?***"
    assert shown["match"] == "urgent"
    assert shown["attempts"] == []
    assert "secretkey" not in desk.here("hooks", "show", "crm").stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--url", "http://crm.example.com/"], ExitCode.REFUSED, "https"),
        (["--url", "https://127.0.0.1/"], ExitCode.REFUSED, "127.0.0.1"),
        (["--url", "https://169.254.169.254/latest"], ExitCode.REFUSED, "169.254.169.254"),
        (["--url", "https://[64:ff9b::7f00:1]/"], ExitCode.REFUSED, "public"),
        (["--url", "https://user:secretkey@crm.example.com/"], ExitCode.REFUSED, "password"),
        (["--url", "file:///etc/passwd"], ExitCode.REFUSED, "https"),
        ([], ExitCode.USAGE, "--command"),
        (["--url", "https://a.example/", "--command", "x"], ExitCode.USAGE, "either"),
        (["--command", "''x"[:1]], ExitCode.USAGE, "quotes"),
        (["--command", " "], ExitCode.USAGE, "empty"),
        (["--url", "https://a.example/", "--events", "mesage"], ExitCode.USAGE, "mesage"),
        (["--url", "https://a.example/", "--direction", "up"], ExitCode.USAGE, "up"),
        (["--url", "https://a.example/", "--timeout", "1h"], ExitCode.USAGE, "minutes"),
        (["--url", "https://a.example/", "--instance", "nobody"], ExitCode.NOT_FOUND, "nobody"),
    ],
)
def test_what_cannot_be_a_hook_is_refused_with_a_reason(desk: Desk, words: list[str], code: int, says: str) -> None:
    refused = desk.here("hooks", "add", "crm", *words)
    assert refused.exit_code == code
    assert says in refused.stderr
    assert "secretkey" not in refused.stderr
    assert hooks(desk) == []


def test_names_are_plain_and_taken_once(desk: Desk) -> None:
    desk.here(*CRM).ok()
    assert desk.here(*CRM).exit_code == ExitCode.USAGE
    assert desk.here("hooks", "add", "No Good", "--command", "x").exit_code == ExitCode.USAGE
    assert desk.here("hooks", "show", "nobody").exit_code == ExitCode.NOT_FOUND


def test_a_dry_run_and_read_only_change_nothing(desk: Desk) -> None:
    desk.here(*CRM, "--dry-run").ok()
    assert desk.here(*CRM, "--read-only").exit_code == ExitCode.REFUSED
    assert hooks(desk) == []


def test_a_hook_is_changed_switched_and_removed(desk: Desk) -> None:
    first = secret_file(desk.here(*CRM).ok()).read_text()
    desk.here("hooks", "edit", "crm", "--events", "status", "--match", "").ok()
    assert hooks(desk)[0]["events"] == ["status"]
    rotated = secret_file(desk.here("hooks", "edit", "crm", "--rotate-secret").ok())
    assert rotated.read_text() != first
    assert rotated.with_name(rotated.name + "-previous").read_text() == first
    desk.here("hooks", "disable", "crm").ok()
    assert hooks(desk)[0]["state"] == "off"
    desk.here("hooks", "enable", "crm").ok()
    assert hooks(desk)[0]["state"] == "on"
    assert desk.here("hooks", "remove", "crm").exit_code == ExitCode.USAGE, "it asks first"
    desk.here("hooks", "remove", "crm", "--yes").ok()
    assert hooks(desk) == []
    assert not rotated.exists()
    actions = [line["action"] for line in desk.here("audit", "list", "--json").ok().lines]
    assert actions == ["hooks.remove", "hooks.enable", "hooks.disable", "hooks.edit", "hooks.add"]


def test_an_own_secret_comes_from_stdin(desk: Desk) -> None:
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    added = desk.here(*CRM, "--secret-stdin", stdin=own).ok()
    assert secret_file(added).read_text().strip() == own
    assert own not in added.stdout + added.stderr


def test_a_test_shows_what_is_sent_and_what_came_back(desk: Desk) -> None:
    with receiving() as there:
        allowed = {"allow": f"127.0.0.1:{there.port}"}
        desk.here("config", "set", "outbound.allow", allowed["allow"]).ok()
        secret = secret_file(desk.here("hooks", "add", "crm", "--url", there.url).ok()).read_text().strip()
        done = desk.here("hooks", "test", "crm", "--json").ok().json
        there.status, there.text = 500, b"\x1b[2Jno"
        failed = desk.here("hooks", "test", "crm")
    assert (done["outcome"], done["status"], done["answer"]) == ("ok", 200, "thanks")
    headers, body = there.taken[0]
    assert verified(secret, headers, body)
    assert there.bodies[0]["test"] is True
    assert headers["webhook-id"] == done["webhook_id"] == there.bodies[0]["event"]["id"]
    assert failed.exit_code == ExitCode.CHECK_FAILED
    assert "status 500" in failed.stderr
    assert "\x1b" not in failed.stdout


def test_an_address_that_is_no_longer_allowed_is_not_called(desk: Desk) -> None:
    with receiving() as there:
        desk.here("config", "set", "outbound.allow", "127.0.0.1").ok()
        desk.here("hooks", "add", "crm", "--url", there.url).ok()
        desk.here("config", "set", "outbound.allow", "10.0.0.0/8").ok()
        refused = desk.here("hooks", "test", "crm")
    assert refused.exit_code == ExitCode.CHECK_FAILED
    assert "forbidden" in refused.stdout
    assert there.taken == []


def test_a_program_is_tested_too(desk: Desk) -> None:
    desk.here("hooks", "add", "printer", "--command", "/bin/cat").ok()
    done = desk("hooks", "test", "printer", "--json").ok().json
    assert done["outcome"] == "ok"
    assert done["answer"].startswith('{"v":1,"type":"message.text"')


def test_a_running_server_passes_on_what_it_receives(desk: Desk) -> None:
    token = {"GREEN_API_WEBHOOK_TOKEN": "w" * 40}
    with receiving() as there:
        desk.here("config", "set", "outbound.allow", "127.0.0.1").ok()
        desk.here("hooks", "add", "crm", "--url", there.url).ok()
        with running(desk.start("serve", "--port", "0", env=token)) as server:
            assert server.stdout is not None
            url = server.stdout.readline().decode().split()[-1]
            desk.here("trigger", "incomingMessageReceived", "--to", url, "--count", "3", env=token).ok()
            until(lambda: hooks(desk)[0]["done"] == 3)
    assert len({headers["webhook-id"] for headers, _ in there.taken}) == 3
    (attempt, *_) = desk.here("hooks", "show", "crm", "--json").ok().json["attempts"]
    assert (attempt["outcome"], attempt["words"], attempt["answer"]) == ("ok", "status 200", "thanks")


def test_a_project_file_may_not_open_doors(desk: Desk) -> None:
    (desk.folder / ".greenbot.toml").write_text('[outbound]\nallow = ["127.0.0.1"]\n')
    assert desk.here("hooks", "add", "crm", "--url", "http://127.0.0.1:9/").exit_code != 0
