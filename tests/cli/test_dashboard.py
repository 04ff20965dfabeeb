"""`greenbot dashboard`: one frame anywhere, live only where there is a terminal."""

import json

import pytest

from greenbot.errors import ExitCode, ReadOnly
from tests.cli.harness import NUMBER, Desk
from tests.cli.hostile import steering
from tests.cli.test_hostile_text import on_a_terminal
from tests.cli.test_status import ALERT, RULE, store
from tests.dashboard.shell import PROMPT, Shell

pytestmark = pytest.mark.integration


def test_once_into_a_pipe_is_plain(desk: Desk) -> None:
    desk.here("send", "text", NUMBER, "Your room is ready.").ok()
    result = desk.here("dashboard", "--once").ok()
    assert "NO SERVICE RUNS" in result.stdout
    assert "[1 Fleet]" in result.stdout
    assert "\x1b" not in result.stdout
    assert steering(result.stdout.encode()) == []
    assert result.stderr == ""


def test_without_a_terminal_it_is_one_frame_as_well(desk: Desk) -> None:
    assert desk.here("dashboard").ok().stdout.startswith(" greenbot ")


@pytest.mark.parametrize("size", ["60x15", "120x40"])
def test_a_frame_of_any_size(desk: Desk, size: str) -> None:
    width, height = map(int, size.split("x"))
    lines = desk.here("dashboard", "--once", "--size", size, "--panel", "3").ok().stdout.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert any("[3 Messages" in line for line in lines)


def test_json_is_what_the_service_tells(desk: Desk) -> None:
    found = desk.here("dashboard", "--once", "--json").ok().json
    assert found["service"]["alive"] is False
    assert found["bad"] is False
    assert json.dumps(found).count(desk.token) == 0


@pytest.mark.parametrize(
    ("environ", "colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)], ids=str
)
def test_colours_at_a_terminal(desk: Desk, environ: dict[str, str], colours: bool) -> None:
    desk.environ |= {"TERM": "xterm"} | environ
    words = ("dashboard", *(["--once"] if environ.get("TERM") != "dumb" else []))
    desk.environ.pop("COLUMNS", None)
    shown = on_terminal(desk, *words)
    assert (b"\x1b[" in shown) is colours
    assert b"\x1b[?" not in shown, "one frame takes no screen"
    assert steering(shown, colours=True) == []


def on_terminal(desk: Desk, *words: str) -> bytes:
    """Like `on_a_terminal`, with the terminal that the test chose."""
    term = desk.environ["TERM"]
    script = Desk(
        home=desk.home,
        folder=desk.folder,
        simulator=desk.simulator,
        instance=desk.instance,
        token=desk.token,
        environ=_Fixed(desk.environ, TERM=term),
    )
    return on_a_terminal(script, *words)


class _Fixed(dict[str, str]):
    """An environment in which some values stay, whatever is joined to it."""

    def __init__(self, given: dict[str, str], **fixed: str) -> None:
        super().__init__(given)
        self._fixed = fixed

    def __or__(self, other: object) -> dict[str, str]:  # type: ignore[override]  # one use
        assert isinstance(other, dict)
        return {**self, **other, **self._fixed}


def test_live_at_a_shell_an_alert_is_acknowledged(desk: Desk) -> None:
    desk.here("status").ok()
    name = desk.here("instances", "list", "-q").ok().stdout.strip()
    store(desk, RULE.format(severity="high"), ALERT.format(name=name, state="firing"))
    desk.environ["PS1"] = PROMPT
    with Shell(desk.folder, (100, 30), **desk.environ) as shell:
        shell.type("python -m greenbot dashboard --refresh 250ms; echo code=$?\n")
        shell.until_drawn("1 firing")
        shell.type("a")
        shell.until_drawn(f"Say that you have seen errors of {name}? y / n")
        shell.type("y")
        shell.until_drawn("all seen")
        shell.type("q")
        shell.until(lambda: "code=0" in shell.seen)
    entry = desk.here("audit", "list", "--json").ok().lines[0]
    assert entry["action"] == "alerts.ack"


def test_live_and_read_only_nothing_is_written(desk: Desk) -> None:
    desk.here("status").ok()
    name = desk.here("instances", "list", "-q").ok().stdout.strip()
    store(desk, RULE.format(severity="high"), ALERT.format(name=name, state="firing"))
    desk.environ["PS1"] = PROMPT
    with Shell(desk.folder, (100, 30), **desk.environ) as shell:
        shell.type("python -m greenbot dashboard --read-only; echo code=$?\n")
        shell.until_drawn("1 firing")
        shell.type("ay")
        shell.until_drawn(str(ReadOnly())[:30])
        shell.type("\x03")
        shell.until(lambda: "code=130" in shell.seen)
    assert desk.here("audit", "list", "--json").ok().stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--refresh", "1ms"), "is not between 250ms and 1h"),
        (("--refresh", "often"), "is not a duration"),
        (("--once", "--size", "wide"), "is no size"),
        (("--once", "--size", "9999x40"), "is no size"),
        (("--panel", "6"), "is not between 1 and 5"),
        (("--instance", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_says_what_to_type(desk: Desk, words: tuple[str, ...], message: str) -> None:
    result = desk.here("dashboard", *words)
    assert result.exit_code in (ExitCode.USAGE, ExitCode.NOT_FOUND)
    assert message in result.stderr
