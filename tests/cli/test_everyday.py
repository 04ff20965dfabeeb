"""What a hotel does from the first day on: set up, send every kind of message, look, change, simulate."""

import json
import os
import pty
import re
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import GUEST, NUMBER, Desk, program, running, until

pytestmark = pytest.mark.integration


def dialogue(
    desk: Desk, words: tuple[str, ...], answers: list[tuple[str, str]], env: dict[str, str] | None = None
) -> str:
    """Answer the questions of a command at a terminal; the whole conversation."""
    controller, end = pty.openpty()
    environ = desk.environ | {"TERM": "dumb"} | (env or {})
    process = subprocess.Popen(
        program(*words), stdin=end, stdout=end, stderr=end, env=environ, cwd=desk.folder, start_new_session=True
    )
    os.close(end)
    heard = ""
    with running(process):
        for question, answer in answers:
            while question not in heard:
                heard += os.read(controller, 4096).decode()
            os.write(controller, answer.encode() + b"\n")
        try:
            while piece := os.read(controller, 4096):
                heard += piece.decode()
        except OSError:
            pass
        assert process.wait(30) == 0, heard
    os.close(controller)
    return heard


def without_environment(desk: Desk) -> Desk:
    """The same desk, knowing its instance by files only."""
    desk.environ = {name: value for name, value in desk.environ.items() if not name.startswith("GREEN_API_")}
    return desk


# -- setting up


def test_the_wizard_asks_for_what_it_needs_and_tries_it(desk: Desk) -> None:
    without_environment(desk)
    heard = dialogue(
        desk,
        ("init",),
        [
            ("A name for this hotel", "grand-kyiv"),
            ("idInstance", str(desk.instance.id)),
            ("apiUrl", desk.simulator.api_url),
            ("apiTokenInstance", desk.token),
        ],
    )
    assert "authorized" in heard
    assert "Send the first message: greenbot send text YOUR-NUMBER" in heard
    assert desk.token not in heard, "the token is not echoed"
    secret = desk.home / "secrets" / "grand-kyiv.token"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert desk.token not in desk.config.read_text()
    desk.here("send", "text", NUMBER, "The first message").ok()
    assert len(desk.executed()) == 1


def test_the_wizard_without_a_terminal_takes_options(desk: Desk) -> None:
    without_environment(desk)
    options = ("--name", "kyiv", "--id", str(desk.instance.id), "--api-url", desk.simulator.api_url, "--token-stdin")
    said = desk.here("init", "--no-input", *options, "--json", stdin=desk.token + "\n").ok()
    assert said.json["state"] == "authorized"
    said = desk.here("init", "--no-input", "--name", "odesa", "--id", "7", *options[4:], stdin="0" * 50)
    assert said.exit_code == ExitCode.NOT_READY
    assert "odesa is set up. GREEN-API refused the token of this instance" in said.stderr
    assert "greenbot instances edit odesa --token-stdin < token.txt" in said.stderr
    again = desk.here("init", "--no-input", "--name", "odesa", "--id", "8", *options[4:], stdin=desk.token)
    assert "greenbot instances edit odesa --token-stdin < token.txt" in again.stderr
    nowhere = ("--name", "lviv", "--id", "9", "--api-url", "http://127.0.0.1:1", "--token-stdin")
    said = desk.here("init", "--no-input", *nowhere, stdin=desk.token)
    assert "GREEN-API could not be asked about lviv" in said.ok().stderr


@pytest.mark.parametrize(
    ("name", "number", "what"),
    [("bad name", "7", "cannot be the name"), ("kyiv", "abc", "idInstance")],
    ids=["name", "id"],
)
def test_the_wizard_looks_at_name_and_id_before_it_asks_for_a_token(
    desk: Desk, name: str, number: str, what: str
) -> None:
    said = desk.here("init", "--no-input", "--name", name, "--id", number, "--token-stdin", stdin="")
    assert said.exit_code == ExitCode.USAGE
    assert what in said.stderr


def test_a_token_that_is_stored_anew_lets_a_stopped_number_go_on(desk: Desk) -> None:
    without_environment(desk)
    url = desk.simulator.api_url
    add = ("instances", "add", "kyiv", "--id", str(desk.instance.id), "--api-url", url, "--token-stdin")
    desk.here(*add, stdin="0" * 50).ok()
    for _ in range(2):
        assert desk.here("send", "text", GUEST, "Hello", "-i", "kyiv").exit_code == ExitCode.NOT_READY
    stopped = desk.here("send", "text", GUEST, "Hello", "-i", "kyiv")
    assert "greenbot instances edit kyiv --token-stdin < token.txt" in stopped.stderr
    assert (
        "kyiv may try again." in desk.here("instances", "edit", "kyiv", "--token-stdin", stdin=desk.token).ok().stderr
    )
    desk.here("send", "text", GUEST, "Hello", "-i", "kyiv").ok()
    assert "instances.resume" in desk.here("audit", "list", "--json").ok().stdout
    assert "may try" not in desk.here("instances", "edit", "kyiv", "--token-stdin", stdin=desk.token).ok().stderr


def test_example_hotels_need_no_account(desk: Desk) -> None:
    without_environment(desk)
    assert desk.here("init", "--sim", "--json").ok().json["instances"] == ["grand-kyiv", "coast-odesa", "opera-lviv"]
    assert "grand-kyiv is there already." in desk.here("init", "--sim").ok().stderr
    assert desk.here("config", "get", "default_instance").ok().stdout == "grand-kyiv\n"
    assert desk.here("instances", "list", "-q").ok().stdout.split() == ["grand-kyiv", "coast-odesa", "opera-lviv"]


def test_instances_are_added_shown_changed_and_removed(desk: Desk) -> None:
    without_environment(desk)
    url = desk.simulator.api_url
    add = ("instances", "add", "kyiv", "--id", str(desk.instance.id), "--api-url", url, "--set", "tags=coast,city")
    assert "Would add kyiv" in desk.here(*add, "-n").ok().stderr
    assert not desk.config.exists()
    desk.here(*add, "--token-stdin", stdin=desk.token).ok()
    shown = desk.here("instances", "show", "kyiv", "--json").ok().json
    assert (shown["id"], shown["tags"], shown["token"]) == (str(desk.instance.id), ["coast", "city"], "ok")
    assert desk.here("instances", "state", "kyiv", "--json").ok().json["state"] == "authorized"
    assert desk.here("instances", "list", "--tag", "coast", "-q").ok().stdout == "kyiv\n"
    desk.here("instances", "edit", "kyiv", "--set", "country_code=380", "--unset", "tags").ok()
    desk.here("send", "text", "044 123-45-67", "A national number").ok()
    assert desk.executed()[0].chat_id == GUEST
    assert desk.here("instances", "remove", "kyiv", "--confirm", "odesa").exit_code == ExitCode.USAGE
    dialogue(desk, ("instances", "remove", "kyiv"), [("Type kyiv to go on", "kyiv")])
    assert desk.here("instances", "list").ok().stdout == ""
    assert not list((desk.home / "secrets").glob("kyiv*"))


def test_settings_are_read_changed_and_taken_back(desk: Desk) -> None:
    desk.configure("# our settings\n[api]\ntimeout_seconds = 20 # slow line\n")
    assert desk.here("config", "get", "api.timeout_seconds").ok().stdout == "20\n"
    assert "Would set" in desk.here("config", "set", "api.timeout_seconds", "40", "-n").ok().stderr
    desk.here("config", "set", "api.timeout_seconds", "40").ok()
    assert desk.config.read_text() == "# our settings\n[api]\ntimeout_seconds = 40 # slow line\n"
    rows = {line["key"]: line for line in desk.here("config", "list", "--origin", "--json").ok().lines}
    assert rows["api.timeout_seconds"]["where"].endswith("config.toml:3")
    desk.here("config", "unset", "api.timeout_seconds").ok()
    assert desk.here("config", "get", "api.timeout_seconds", "--json").ok().json["value"] == "30"
    assert desk.here("config", "validate", "--json").ok().json["valid"] is True


@pytest.mark.parametrize("script, answer", [('sed -i "s/20/25/" "$1"', "is saved."), ("true", "Nothing was changed.")])
def test_the_file_is_edited_with_the_persons_own_editor(desk: Desk, script: str, answer: str) -> None:
    desk.configure("[api]\ntimeout_seconds = 20\n")
    editor = desk.folder / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    assert answer in dialogue(desk, ("config", "edit"), [], env={"EDITOR": str(editor)})
    assert [path.name for path in desk.home.iterdir() if "edit" in path.name] == []


# -- sending every kind


def sends(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    (desk.folder / "menu.pdf").write_bytes(b"%PDF-1.7")
    (desk.folder / "card.vcf").write_text("BEGIN:VCARD\nVERSION:3.0\nN:K;Olena\nTEL:+380447654321\nEND:VCARD\n")
    known = desk.here("send", "text", NUMBER, "hi", "--json").ok().json["remote_id"]
    link = "https://hotel.example/menu.pdf"
    return [
        ("sendMessage", ("text", NUMBER, "See https://hotel.example", "--preview", "--preview-size", "small")),
        (
            "sendMessage",
            ("text", NUMBER, "Our spa: https://hotel.example/spa", "--preview-title", "Spa", "--preview-text", "x"),
        ),
        ("sendMessage", ("text", NUMBER, "Answer", "--reply-to", known, "--typing", "2s")),
        ("sendFileByUpload", ("file", NUMBER, "menu.pdf", "--caption", "Tonight", "--name", "Menu.pdf")),
        ("sendFileByUrl", ("file", NUMBER, link, "--caption", "Tonight")),
        ("sendLocation", ("location", NUMBER, "-33.8568", "151.2153", "--name", "Opera", "--address", "Quay")),
        ("sendContact", ("contact", NUMBER, "+380 44 765 4321", "--first-name", "Olena", "--company", "Grand Kyiv")),
        ("sendContact", ("contact", NUMBER, "--vcard", "card.vcf")),
        ("sendPoll", ("poll", NUMBER, "When?", "Morning", "Noon", "--multiple")),
        ("sendInteractiveButtonsReply", ("buttons", NUMBER, "Late?", "--button", "reply:Yes", "--button", "reply:No")),
        ("sendInteractiveButtons", ("buttons", NUMBER, "Code", "--button", "copy:Copy:4711", "--footer", "f")),
        ("forwardMessages", ("forward", "380447654321", known, "--from", NUMBER)),
        ("sendTextStatus", ("status", "The terrace is open", "--background", "#228B22", "--font", "SERIF")),
        ("sendVoiceStatus", ("status", "--voice", "https://hotel.example/a.mp3", "--name", "a.mp3")),
        ("sendMediaStatus", ("status", "--media", "https://hotel.example/a.jpg", "--to", NUMBER)),
        ("sendReaction", ("reaction", NUMBER, known, "👍")),
        ("sendTyping", ("typing", NUMBER, "3s", "--recording")),
    ]


def test_every_kind_of_message_is_shown_first_and_then_sent(desk: Desk) -> None:
    for method, words in sends(desk):
        preview = desk.here("send", *words, "-n").ok().stdout
        assert preview.startswith(f"POST {desk.simulator.api_url}/waInstance{desk.instance.id}/{method}/***"), words
        shown = desk.here("send", *words, "-n", "--json").ok().json
        assert (shown["dry_run"], shown["method"], desk.token in str(shown)) == (True, method, False), words
        before = len(desk.executed(method))
        said = desk.here("send", *words, "--json").ok()
        assert said.json["state"] == "accepted", words
        assert len(desk.executed(method)) == before + 1, words


# -- looking with any method


def test_any_method_can_be_called(desk: Desk) -> None:
    assert desk.here("api", "getstateinstance").ok().json == {"stateInstance": "authorized"}
    answer = desk.here("api", "checkWhatsapp", "-F", f"phoneNumber={NUMBER}").ok().json
    assert answer["existsWhatsapp"] is True
    desk.here("api", "sendMessage", "-F", f"chatId={GUEST}", "-F", "message=42").ok()
    desk.here("api", "sendMessage", "-F", f"chatId={GUEST}", "-f", "message=true").ok()
    assert [entry.request_body["message"] for entry in desk.executed()] == ["42", "true"]
    given = json.dumps({"groupName": "Staff", "chatIds": [GUEST]})
    assert desk.here("api", "createGroup", "--input", "-", stdin=given).ok().json["created"] is True
    (desk.folder / "menu.pdf").write_bytes(b"%PDF")
    words = ("api", "sendFileByUpload", "-F", f"chatId={GUEST}", "--file", "menu.pdf")
    assert "file: menu.pdf (application/pdf, 4 bytes)" in desk.here(*words, "-n").ok().stdout
    desk.here(*words).ok()
    assert len(desk.executed("sendFileByUpload")) == 1


def test_a_new_token_goes_into_a_file_and_nowhere_else(desk: Desk) -> None:
    said = desk.here("api", "updateApiToken")
    assert said.exit_code == ExitCode.USAGE and "--token-out FILE" in said.stderr
    assert desk.ledger() == []
    said = desk.here("api", "updateApiToken", "--token-out", "new-token").ok()
    path = desk.folder / "new-token"
    token = path.read_text().strip()
    assert token == desk.instance.token != desk.token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in said.stdout + said.stderr
    said = desk.here("api", "updateApiToken", "--token-out", "/proc/none/token", env={"GREEN_API_TOKEN": token})
    assert said.exit_code in (ExitCode.UNUSABLE, ExitCode.USAGE)
    assert desk.instance.token == token, "nothing was changed when it could not have been kept"


# -- the simulator


def test_the_simulator_from_a_shell(desk: Desk) -> None:
    without_environment(desk)
    with running(
        desk.start("sim", "serve", "--port", "0", "--virtual", "--fault", "503 method=sendPoll", "--json")
    ) as sim:
        assert sim.stdout is not None
        url = json.loads(sim.stdout.readline())["api_url"]
        until((desk.home / "run" / "simulator.json").exists)
        desk.here("init", "--sim").ok()
        config = re.sub(r"http://127\.0\.0\.1:\d+", url, desk.config.read_text())
        desk.configure(config)

        desk.environ["GREEN_API_MAX_RETRIES"] = "0"
        desk.here("send", "text", NUMBER, "Your room is ready.").ok()
        assert desk.here("send", "poll", NUMBER, "When?", "Now", "Later").exit_code == ExitCode.NOT_SENT
        assert desk.here("sim", "inbox").ok().stdout == ""
        desk.here("sim", "advance", "1h").ok()
        assert "Your room is ready." in desk.here("sim", "inbox", NUMBER).ok().stdout
        assert [line["fired"] for line in desk.here("sim", "fault", "--json").ok().lines] == [1]
        assert desk.here("sim", "fault", "reset method=sendMessage count=1", "-q").ok().stdout == "2\n"
        assert desk.here("sim", "fault", "--remove", "1", "-q").ok().stdout == "1\n"
        assert desk.here("sim", "fault", "--clear", "--json").ok().json["removed"] == 1
        assert desk.here("sim", "fault", "--kinds").ok().stdout.startswith("drop-reply\t")
        assert desk.here("sim", "ledger", "--method", "sendMessage", "--json").ok().json["executed"] is True
        desk.here("sim", "state", "--set", "notAuthorized", "-i", "coast-odesa").ok()
        states = {line["name"]: line["state"] for line in desk.here("sim", "state", "--json").ok().lines}
        assert states == {"grand-kyiv": "authorized", "coast-odesa": "notAuthorized", "opera-lviv": "authorized"}
        assert desk.here("sim", "guest", NUMBER, "Is the pool open?", "--name", "Olena", "-q").ok().stdout.strip()
        assert "incomingMessageReceived" in desk.here("trigger", "--list").ok().stdout
        said = desk.here("trigger", "incomingMessageReceived", "--count", "3", "--json").ok()
        assert said.json["emitted"] == 3
        assert "lost-reply" in desk.here("sim", "scenario", "list").ok().stdout
        desk.here("sim", "reset").ok()
        assert desk.here("sim", "inbox").ok().stdout == ""
        sim.terminate()
        assert sim.wait(30) == 0
    assert not (desk.home / "run" / "simulator.json").exists()


def test_a_port_that_is_taken(desk: Desk) -> None:
    port = desk.simulator.api_url.rpartition(":")[2]
    said = desk("sim", "serve", "--port", port)
    assert said.exit_code == ExitCode.USAGE
    assert f"Port {port} cannot be used" in said.stderr
    assert "--port" in said.stderr


def test_paths_are_private(desk: Desk) -> None:
    (desk.folder / "menu.pdf").write_bytes(b"%PDF")
    desk("send", "file", NUMBER, "menu.pdf").ok()
    for path in (desk.home, *desk.home.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert {path.name for path in Path(desk.home).iterdir()} >= {"greenbot.db", "spool", "run"}


def test_the_example_hotels_follow_the_simulator_to_another_port(tmp_path: Path, desk: Desk) -> None:
    home = tmp_path / "fresh"
    environ = {name: value for name, value in desk.environ.items() if not name.startswith("GREEN_API_")}
    with_home = replace(desk, home=home, environ=environ | {"GREENBOT_HOME": str(home)})
    with_home("init", "--sim").ok()
    with_home("init", "--sim", "--port", "7999").ok()
    shown = with_home("instances", "list", "--json").ok().lines
    assert {line["api_url"] for line in shown} == {"http://127.0.0.1:7999"}


def test_the_path_of_the_configuration_is_json_when_asked(desk: Desk) -> None:
    assert desk("config", "path", "--json").ok().json == {"v": 1, "path": str(desk.config)}


def test_a_key_is_a_name_not_a_novel(desk: Desk) -> None:
    said = desk.here("send", "text", NUMBER, "Hello", "--key", "k" * 201)
    assert said.exit_code == ExitCode.USAGE
    assert "201 characters" in said.stderr
    desk.here("send", "text", NUMBER, "Hello", "--key", "k" * 200).ok()
