"""Guests' bytes in every place they can stand reach no terminal, pipe or spreadsheet unescaped."""

import csv
import io
import json
import os
import pty
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.harness import NUMBER, Desk, Result, program, running, until
from tests.cli.hostile import TEXTS, steering

pytestmark = pytest.mark.integration

EVERYTHING = " | ".join(TEXTS.values())


def clean(result: Result) -> Result:
    """The same result; fails when a steering character came through."""
    for stream in (result.stdout, result.stderr):
        assert steering(stream.encode("utf-8", "surrogateescape")) == []
    return result


def on_a_terminal(desk: Desk, *words: str, columns: int = 100) -> bytes:
    """What a terminal of that width would be sent."""
    controller, terminal = pty.openpty()
    os.set_blocking(controller, True)
    process = subprocess.Popen(
        program(*words),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        env=desk.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)},
        cwd=desk.folder,
    )
    os.close(terminal)
    with running(process):
        return b"".join(iter(lambda: _read(controller), b""))


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:
        os.close(controller)
        return b""


@pytest.fixture(scope="module")
def lobby(make_desk: Callable[[], Desk]) -> Desk:
    """A desk that has sent, received and stored every hostile text."""
    desk = make_desk()
    for place, text in enumerate(TEXTS.values()):
        words = ("send", "text", f"3804412345{place:02}", "--key", f"key {text}"[:200])
        desk.here(*words, "--", text if text[0] != "@" else f"@{text}").ok()
    until(lambda: len(desk.instance.inbox) == len(TEXTS))
    return desk


LISTS = [
    ("sim", "inbox"),
    ("sim", "ledger"),
    ("outbox", "list"),
    ("sim", "state"),
    ("config", "list", "--origin"),
    ("instances", "list"),
]
SHAPES = [(), ("--json",), ("--csv",), ("--full",), ("-v",), ("-q",)]


def _words(desk: Desk, words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words, "--url", desk.simulator.api_url) if words[0] == "sim" else words


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_lists_in_a_pipe_carry_nothing_that_steers(lobby: Desk, words: tuple[str, ...], shape: tuple[str, ...]) -> None:
    said = clean(lobby.here(*_words(lobby, words), *shape).ok())
    assert said.stdout


@pytest.mark.parametrize("words", [("sim", "inbox", "--full"), ("outbox", "list", "-v")], ids=" ".join)
def test_lists_on_a_terminal_carry_only_our_colours(lobby: Desk, words: tuple[str, ...]) -> None:
    shown = on_a_terminal(lobby, *_words(lobby, words))
    assert steering(shown, colours=True) == []
    assert b"\x1b[1m" in shown, "a terminal gets bold headings"


def test_nothing_of_rich_markup_is_interpreted(lobby: Desk) -> None:
    shown = on_a_terminal(lobby, "sim", "inbox", "--full", "--url", lobby.simulator.api_url, columns=200).decode()
    for text in (
        "[bold red]x[/bold red]",
        "[link=https://evil.example]y[/link]",
        "[/x]",
        ":skull:",
        "[@click=app.quit]",
    ):
        assert text in shown
    assert "\x1b[31m" not in shown


def test_what_steers_is_shown_not_dropped(lobby: Desk) -> None:
    said = lobby.here("sim", "inbox", "--url", lobby.simulator.api_url).ok().stdout
    for escaped in (r"\e[31mred", r"\x9b31m", r"invoice\u202efdp.exe", r"good\revil", r"a\u2028b", r"\U000e0041"):
        assert escaped in said


def test_json_says_exactly_what_was_written(lobby: Desk) -> None:
    lines = lobby.here("sim", "inbox", "--json", "--url", lobby.simulator.api_url).ok().lines
    mine = [line["text"] for line in lines if line["instance"] == lobby.instance.id]
    assert mine == list(TEXTS.values())


def test_csv_cells_are_inert_and_complete(lobby: Desk) -> None:
    said = lobby.here("sim", "inbox", "--csv", "--columns", "text", "--url", lobby.simulator.api_url).ok()
    cells = [row[0] for row in csv.reader(io.StringIO(said.stdout))][1:]
    assert len(cells) >= len(TEXTS)
    for cell in cells:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")), cell
    assert "'" + TEXTS["formula"] in cells


# -- what a person typed, or found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_errors_repeat_input_harmlessly(desk: Desk, text: str) -> None:
    hostile = text.replace("\x00", "")
    for words in (
        ("send", "text", hostile, "hi"),
        ("send", "text", f"@{hostile}", "hi"),
        ("send", "text", NUMBER, f"@{hostile[:100]}x.txt"),
        ("send", "file", NUMBER, hostile[:100] + ".pdf"),
        ("send", "file", NUMBER, f"https://example.com/{hostile}"),
        ("send", "text", NUMBER, "hi", "-i", hostile),
        ("send", "text", NUMBER, "hi", "--once-per", hostile),
        ("send", "reaction", NUMBER, hostile, "x"),
        (hostile,),
        ("help", hostile),
        ("api", hostile),
        ("config", "get", hostile),
        ("config", "set", "language", hostile),
        ("instances", "add", hostile, "--id", "1"),
        ("instances", "show", hostile),
        ("sim", "inbox", "--url", f"http://127.0.0.1:1/{hostile}"),
        ("sim", "fault", hostile, "--url", desk.simulator.api_url),
    ):
        for shape in ((), ("--json",)):
            assert clean(desk.here(*words, *shape)).exit_code != 1, words


def test_lone_surrogates_and_raw_c1_bytes_everywhere(desk: Desk) -> None:
    """Bytes that are no UTF-8 in arguments, file names and the environment."""
    raw = b"\xff\x9b31m\xed\xa0\x80"
    name = os.fsdecode(raw) + ".pdf"
    (desk.folder / name).write_bytes(b"%PDF")
    for words in (
        ("send", "text", NUMBER, os.fsdecode(raw)),
        ("send", "text", os.fsdecode(raw), "hi"),
        ("send", "file", NUMBER, name),
        ("send", "file", NUMBER, "menu.pdf", "--caption", os.fsdecode(raw)),
        ("api", "getStateInstance", "-F", f"x={os.fsdecode(raw)}"),
        ("instances", "show", os.fsdecode(raw)),
    ):
        for shape in ((), ("--json",)):
            assert clean(desk(*words, *shape)).exit_code != 1, words
    said = clean(desk("config", "list", env={"GREENBOT_HOME": os.fsdecode(str(desk.home).encode() + raw)}))
    assert said.exit_code in (0, 13)
    assert [entry.method for entry in desk.ledger() if entry.method == "sendMessage"] == []


def test_file_names_and_captions(desk: Desk) -> None:
    for place, text in enumerate(TEXTS.values()):
        name = text.replace("/", "_")[:80] + ".pdf"
        (desk.folder / name).write_bytes(b"%PDF")
        clean(desk.here("send", "file", f"3804412345{place:02}", name, "--caption", text[:1000]))
        clean(
            desk.here(
                "send", "file", f"3804412345{place:02}", name, "-n", "--name", "menu.pdf", "--caption", text[:1000]
            )
        )
    clean(desk.here("sim", "inbox", "--url", desk.simulator.api_url, "--full").ok())


def test_names_in_the_configuration(desk: Desk) -> None:
    for text in TEXTS.values():
        quoted = json.dumps(text)
        for toml in (
            f"[instances.{quoted}]\nid = 1\n",
            f"timezone = {quoted}\n",
            f"{quoted} = 1\n",
            f"[api]\nbase_url = {quoted}\n",
        ):
            desk.configure(toml)
            for words in (("instances", "list"), ("config", "validate"), ("config", "list", "--json")):
                assert clean(desk.here(*words)).exit_code != 1


# -- what servers answer


class Gossip(BaseHTTPRequestHandler):
    """Answers with hostile texts in the body, the reason and the headers."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = self.server.body  # type: ignore[attr-defined]  # set by the test
        self.send_response_only(self.server.status, "N\x1b[31mo")  # type: ignore[attr-defined]  # as above
        self.send_header("Location", "https://evil\x1b[31m.example/\x9b")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        pass


@pytest.fixture
def gossip() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gossip) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 466, 500, 503])
def test_answers_of_servers(desk: Desk, gossip: ThreadingHTTPServer, status: int) -> None:
    url = f"http://127.0.0.1:{gossip.server_port}"
    # What is said of an answer does not depend on how often it was asked for.
    env = {"GREEN_API_BASE_URL": url, "GREEN_API_MEDIA_URL": url, "GREEN_API_MAX_RETRIES": "0"}
    gossip.status = status  # type: ignore[attr-defined]  # read by Gossip
    bodies = [
        EVERYTHING.encode("utf-8", "surrogatepass"),
        json.dumps({"message": EVERYTHING, "stateInstance": EVERYTHING, "idMessage": "\x1b[31mX"}).encode(),
        b"\x9b31m\xff\x1b]0;x\x07",
    ]
    for place, body in enumerate(bodies):
        gossip.body = body  # type: ignore[attr-defined]  # read by Gossip
        for words in (
            ("send", "text", f"3804411122{place:02}", "hi", "--debug"),
            ("api", "getSettings"),
            ("api", "getSettings", "--json"),
            ("instances", "state"),
            ("instances", "state", "--json"),
            ("send", "text", "@olena", "hi"),
        ):
            assert clean(desk.here(*words, env=env)).exit_code != 1, words
    clean(desk.here("outbox", "list", "-v").ok())
    clean(desk.here("outbox", "show", "1").ok())
    shown = on_a_terminal(desk, "outbox", "show", "1")
    assert steering(shown, colours=True) == []


def test_contacts_and_webhook_bodies(desk: Desk) -> None:
    for text in TEXTS.values():
        (desk.folder / "contact.json").write_text(
            json.dumps({"chatId": f"{NUMBER}@c.us", "firstName": text[:60] or "x"})
        )
        clean(desk.here("api", "addContact", "--input", "contact.json"))
        clean(desk.here("api", "getContacts").ok())
        clean(
            desk.here(
                "sim", "guest", NUMBER, text, "--name", text, "-i", "default", "--url", desk.simulator.api_url
            ).ok()
        )
    for words in (
        ("api", "lastIncomingMessages"),
        ("api", "getChatHistory", "-F", f"chatId={NUMBER}@c.us", "-F", "count=100"),
    ):
        for shape in ((), ("--json",)):
            clean(desk.here(*words, *shape).ok())
    shown = on_a_terminal(desk, "api", "lastIncomingMessages")
    assert steering(shown, colours=True) == []
