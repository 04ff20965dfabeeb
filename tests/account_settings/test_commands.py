"""`greenbot instances settings get|set|diff|apply` as a clerk uses them, on good days and on bad ones."""

import fcntl
import json
import signal
import tomllib

import pytest

from greenbot.errors import ExitCode
from tests.account_settings.fleet import Hotels
from tests.cli.harness import running, until

pytestmark = pytest.mark.integration
TOKEN = "correct-horse-battery-staple"


def fault(three: Hotels, rule: str, name: str) -> None:
    number = three.instances[name].id
    three.desk.simulator.call(lambda: three.world.faults.add(f"{rule} instance={number}"))


def results(lines: list[dict[str, str]]) -> dict[str, str]:
    return {line["name"]: line["result"] for line in lines}


def test_one_number_is_read_as_a_list_and_one_setting_as_a_word(three: Hotels) -> None:
    three.set_up("hotel-01", webhookUrlToken=TOKEN, webhookUrl=f"https://bot.example/hook?key={TOKEN}")
    said = three.desk.here("instances", "settings", "get", "hotel-01").ok()
    assert "incomingWebhook\tno\n" in said.stdout
    assert "webhookUrlToken\t***\n" in said.stdout
    assert "webhookUrl\thttps://bot.example/hook?***\n" in said.stdout
    assert TOKEN not in said.stdout + said.stderr
    assert three.desk.here("instances", "settings", "get", "hotel-01", "autoTyping", "-q").ok().stdout == "0\n"
    of_json = three.desk.here("instances", "settings", "get", "hotel-01", "--json").ok()
    assert (of_json.json["name"], of_json.json["settings"]["webhookUrlToken"]) == ("hotel-01", "***")
    assert TOKEN not in of_json.stdout


def test_many_numbers_are_a_table_of_what_differs_or_of_what_was_asked_for(three: Hotels) -> None:
    three.set_up("hotel-01", autoTyping=3)
    said = three.desk.here("instances", "settings", "get").ok()
    assert said.stdout == "hotel-00\t0\nhotel-01\t3\nhotel-02\t0\n"
    asked = three.desk.here("instances", "settings", "get", "hotel-0*", "incomingWebhook", "autoTyping").ok()
    assert asked.stdout.splitlines()[1] == "hotel-01\tno\t3"
    of_tag = three.desk.here("instances", "settings", "get", "autoTyping", "--tag", "coast", "--json").ok()
    assert of_tag.lines == [{"v": 1, "name": "hotel-00", "settings": {"autoTyping": 0}}]
    sheet = three.desk.here("instances", "settings", "get", "all", "--csv").ok().stdout.splitlines()
    assert [line.split(",")[0] for line in sheet] == ["name", "hotel-00", "hotel-01", "hotel-02"]
    assert {"wid", "autoTyping", "incomingWebhook"} < set(sheet[0].split(","))


def test_a_number_that_cannot_be_read_does_not_hide_the_others(three: Hotels) -> None:
    fault(three, "401", "hotel-01")
    said = three.desk.here("instances", "settings", "get", "all", "autoTyping", "--json")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert [("problem" in line, line["name"]) for line in said.lines] == [
        (False, "hotel-00"),
        (True, "hotel-01"),
        (False, "hotel-02"),
    ]
    alone = three.desk.here("instances", "settings", "get", "hotel-01")
    assert alone.exit_code == ExitCode.NOT_READY


def test_a_living_number_is_saved_as_a_file_that_then_shows_no_difference(three: Hotels) -> None:
    three.set_up("hotel-01", autoTyping=3, webhookUrlToken=TOKEN)
    three.desk.here("instances", "settings", "get", "all", "--save", "fleet.toml").ok()
    text = (three.desk.folder / "fleet.toml").read_text()
    assert TOKEN not in text
    saved = tomllib.loads(text)
    assert saved["instances"]["hotel-01"] == {"autoTyping": 3}
    assert (saved["instances"]["hotel-00"]["autoTyping"], saved["defaults"]["incomingWebhook"]) == (0, "no")
    three.desk.here("instances", "settings", "diff", "fleet.toml", "--exit-code").ok()
    again = three.desk.here("instances", "settings", "get", "hotel-01", "--save", "fleet.toml")
    assert (again.exit_code, "Replacing" in again.stderr) == (ExitCode.USAGE, True)


def test_a_difference_is_shown_with_both_values_and_secrets_masked(three: Hotels) -> None:
    three.set_up("hotel-01", webhookUrlToken=TOKEN)
    file = three.file('[instances.hotel-01]\nautoTyping = 3\nwebhookUrlToken_env = "WORD"\n')
    word = {"WORD": "another-horse-battery"}
    said = three.desk.here("instances", "settings", "diff", file, env=word).ok()
    assert said.stdout == "hotel-01\tautoTyping\t0\t3\nhotel-01\twebhookUrlToken\t***\t*** (another one)\n"
    of_json = three.desk.here("instances", "settings", "diff", file, "--json", "--exit-code", env=word)
    assert (of_json.exit_code, of_json.json["fields"]["autoTyping"]) == (
        ExitCode.CHECK_FAILED,
        {"before": 0, "after": 3},
    )
    assert three.changed() == []


def test_a_setting_is_made_verified_and_written_into_the_audit_without_its_secret(three: Hotels) -> None:
    path = three.desk.folder / "word"
    path.touch(mode=0o600)
    path.write_text(TOKEN)
    words = ["autoTyping=3", f"webhookUrlToken_file={path}", "webhookUrl=https://bot.example/hook"]
    said = three.desk.here("instances", "settings", "set", "hotel-01", *words, "--yes", "--json").ok()
    assert (said.json["result"], said.json["settings"]) == ("changed", ["autoTyping", "webhookUrlToken", "webhookUrl"])
    assert three.settings("hotel-01")["webhookUrlToken"] == TOKEN
    assert three.instances["hotel-01"].state == "authorized"
    audit = three.desk.here("audit", "list", "--action", "instances.settings", "--json").ok()
    assert audit.json["after"] == {"autoTyping": 3, "webhookUrlToken": "***", "webhookUrl": "https://bot.example/hook"}
    logs = three.desk.here("logs", "--json").stdout
    assert TOKEN not in said.stdout + said.stderr + audit.stdout + logs
    same = three.desk.here("instances", "settings", "set", "hotel-01", "autoTyping=3", "--json").ok()
    assert (same.json["result"], len(three.changed())) == ("same", 1)


def test_a_dry_run_prints_the_exact_request_masked_and_changes_nothing(three: Hotels) -> None:
    said = three.desk.here(
        *("instances", "settings", "set", "all", "autoTyping=3", "webhookUrlToken_env=WORD", "-n"), env={"WORD": TOKEN}
    ).ok()
    assert said.stdout.count("POST http://") == 3
    assert '"webhookUrlToken": "***"' in said.stdout
    assert TOKEN not in said.stdout + said.stderr
    assert "3 of 3 instances would be changed and restart. Nothing was changed." in said.stderr
    assert three.changed() == []


def test_nobody_restarts_a_hotel_without_a_yes(three: Hotels) -> None:
    refused = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--json")
    assert refused.exit_code == ExitCode.USAGE
    assert "3 of 3 instances restart, each for up to 5 minutes" in refused.error["message"]
    assert "--yes" in refused.error["hint"]
    forbidden = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--yes", "--read-only")
    assert (forbidden.exit_code, three.changed()) == (ExitCode.REFUSED, [])


def test_only_one_process_changes_settings_at_a_time(three: Hotels) -> None:
    three.desk.here("instances", "settings", "set", "hotel-00", "autoTyping=0", "--yes").ok()
    [lock] = three.desk.home.rglob("settings.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--yes")
    assert (busy.exit_code, three.changed()) == (ExitCode.BUSY, [])


TROUBLE = [
    ("the answer is lost", "drop-reply method=setSettings count=1", "changed", 1),
    ("GREEN-API is busy once", "5xx@503 method=setSettings count=1", "changed", 1),
    ("too many requests once", "429 method=setSettings count=1", "changed", 1),
    ("it cannot be done", "466 method=setSettings", "failed", 0),
    ("the token is refused", "401 method=setSettings", "failed", 0),
]


@pytest.mark.parametrize(("rule", "result", "executed"), [row[1:] for row in TROUBLE], ids=[row[0] for row in TROUBLE])
def test_trouble_at_one_hotel_is_its_own(three: Hotels, rule: str, result: str, executed: int) -> None:
    fault(three, rule, "hotel-01")
    said = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--yes", "--json")
    assert results(said.lines) == {"hotel-00": "changed", "hotel-01": result, "hotel-02": "changed"}
    assert said.exit_code == (ExitCode.DONE if result == "changed" else ExitCode.PARTLY_DONE)
    assert three.names_of(three.changed()).count("hotel-01") == executed


def test_a_number_without_a_phone_is_changed_too(three: Hotels) -> None:
    three.desk.simulator.call(lambda: three.world.set_state(three.instances["hotel-01"], "notAuthorized"))
    said = three.desk.here("instances", "settings", "set", "hotel-01", "autoTyping=3", "--yes", "--json").ok()
    assert (said.json["result"], three.instances["hotel-01"].state) == ("changed", "notAuthorized")


def test_a_number_that_does_not_come_back_is_unverified_and_the_next_run_looks_again(three: Hotels) -> None:
    fault(three, "state@starting method=getStateInstance after=1", "hotel-01")
    said = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--yes", "--timeout", "4s", "--json")
    assert (said.exit_code, results(said.lines)["hotel-01"]) == (ExitCode.PARTLY_DONE, "unverified")
    late = next(line for line in said.lines if line["name"] == "hotel-01")
    assert "the number is starting" in late["detail"]
    three.desk.simulator.call(three.world.faults.clear)
    three.desk.simulator.call(lambda: three.world.set_state(three.instances["hotel-01"], "authorized"))
    again = three.desk.here("instances", "settings", "set", "all", "autoTyping=3", "--json").ok()
    assert results(again.lines) == {"hotel-00": "same", "hotel-01": "changed", "hotel-02": "same"}
    assert len(three.changed()) == 3
    settled = three.desk.here("instances", "settings", "set", "hotel-01", "autoTyping=3", "--json").ok()
    assert settled.json["result"] == "same"


def test_stopping_ends_the_wait_says_so_and_loses_nothing(three: Hotels) -> None:
    three.desk.simulator.call(lambda: setattr(three.world, "timings", _slow(three)))
    words = ("instances", "settings", "set", "all", "autoTyping=3", "--yes", "--parallel", "1", "--json")
    with running(three.desk.start(*words, env={"GREENBOT_SETTINGS_SHARE": "1"})) as process:
        until(three.changed)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert sorted(results(lines).values()) == ["not begun", "not begun", "unverified"]
    assert b"1 of 3" not in err and b"0 of 3 instances are as wished" in err
    assert len(three.changed()) == 1


def test_a_second_ctrl_c_ends_a_call_that_hangs_and_the_next_run_waits_for_its_change(three: Hotels) -> None:
    fault(three, "no-reply method=setSettings execute=true count=1", "hotel-01")
    words = ("instances", "settings", "set", "hotel-01", "autoTyping=3", "--yes", "--json")
    with running(three.desk.start(*words)) as process:
        until(three.changed)
        process.send_signal(signal.SIGINT)
        assert b"Once more ends at once" in process.stderr.readline() + process.stderr.readline()  # type: ignore[union-attr]  # it is piped
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    again = three.desk.here(*words, "--timeout", "30s").ok()
    assert (again.json["result"], len(three.changed())) == ("changed", 1)


def _slow(three: Hotels) -> object:
    from dataclasses import replace

    return replace(three.world.timings, reboot_seconds=100.0, settings_apply_seconds=100.0)


WRONG = [
    ("set hotel-01", ExitCode.USAGE, "at least one FIELD=VALUE"),
    ("set hotel-01 hotel-02 autoTyping=3", ExitCode.USAGE, "One name"),
    ("set nowhere autoTyping=3", ExitCode.NOT_FOUND, "nowhere"),
    ("set autoTyping=3", ExitCode.USAGE, "Which instance?"),
    ("set hotel-01 autoTypping=3", ExitCode.USAGE, "Did you mean autoTyping?"),
    ("set hotel-01 autoTyping=11", ExitCode.USAGE, "from 0 to 10"),
    (f"set hotel-01 webhookUrlToken={TOKEN}", ExitCode.USAGE, "holds a secret"),
    ("set hotel-01 webhookUrlToken_env=NO", ExitCode.NOT_READY, "There is no webhookUrlToken of hotel-01"),
    ("set hotel-01 autoTyping=3 --yes --columns nonsense", ExitCode.USAGE, "no column 'nonsense'"),
    ("set hotel-01 autoTyping=3 --yes --sort nonsense", ExitCode.USAGE, "no column 'nonsense'"),
    ("get hotel-01 autoTypping", ExitCode.USAGE, "no setting 'autoTypping'"),
    ("get nowhere", ExitCode.NOT_FOUND, "nowhere"),
    ("diff nowhere.toml", ExitCode.USAGE, "nowhere.toml"),
    ("apply nowhere.toml", ExitCode.USAGE, "nowhere.toml"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG, ids=str)
def test_what_is_wrong_is_said_and_nothing_is_asked(three: Hotels, words: str, code: int, message: str) -> None:
    said = three.desk.here("instances", "settings", *words.split(), "--json")
    assert (said.exit_code, message in said.stderr) == (code, True), said
    assert TOKEN not in said.stdout + said.stderr
    assert three.changed() == []


def test_a_file_that_names_strangers_is_refused(three: Hotels) -> None:
    said = three.desk.here("instances", "settings", "apply", three.file("[instances.hotel-77]\nautoTyping = 1\n"))
    assert (said.exit_code, "instance hotel-77" in said.stderr) == (ExitCode.NOT_FOUND, True)
    empty = three.desk.here(
        *("instances", "settings", "apply", three.file("[tags.coast]\nautoTyping = 1\n"), "-i", "hotel-01")
    )
    assert (empty.exit_code, "wishes nothing of these instances" in empty.stderr) == (ExitCode.USAGE, True)


def test_what_green_api_does_not_show_is_refused_for_that_hotel(three: Hotels) -> None:
    three.desk.simulator.call(lambda: three.instances["hotel-01"].settings.pop("catalogWebhook"))
    said = three.desk.here("instances", "settings", "set", "all", "catalogWebhook=yes", "--yes", "--json")
    assert results(said.lines) == {"hotel-00": "changed", "hotel-01": "failed", "hotel-02": "changed"}
    assert sorted(three.names_of(three.changed())) == ["hotel-00", "hotel-02"]
