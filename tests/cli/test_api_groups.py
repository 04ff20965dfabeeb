"""Every group of GREEN-API's methods has its commands: one transcript against the simulator, and what it called."""

import re
import secrets
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from greenbot.api.endpoints import ENDPOINTS
from greenbot.simulator.files import store_file
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.methods.registry import FilePart
from tests.chats.hotel import photo
from tests.cli.commands import every_command
from tests.cli.harness import GUEST, Desk

pytestmark = [pytest.mark.integration, pytest.mark.green_api]

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
#: Our own limits hold on a simulator as well; here they would only cost time.
UNLIMITED = {"GREENBOT_TESTING": "1", "GREENBOT_LIMITS": "off"}

# `$` is typed; `NAME=$` keeps the first word it prints as {NAME}. Below stands what is printed, columns between bars:
# `…` is any text, alone on its line any lines; `!` begins words of stderr; `[exit N]` says how it ends, if not with 0.
TRANSCRIPT = Path(__file__).with_name("api_groups.transcript").read_text(encoding="utf-8")

_ARCHIVED = "GREEN-API has archived it and answers 403"
_UNDESCRIBED = "beta: GREEN-API names it without its parameters, so there is nothing to make options of"
_UNDESCRIBED_METHODS = (
    *("getProduct", "createProduct", "editProduct", "deleteProduct", "sendProduct", "sendOrder"),
    *("getCollection", "editCollection", "deleteCollection", "moveCollections"),
)
#: Methods that no command but `greenbot api` calls, and why.
EXCUSED: dict[str, str] = {
    **dict.fromkeys((name for name, one in ENDPOINTS.items() if one.archived), _ARCHIVED),
    **dict.fromkeys(_UNDESCRIBED_METHODS, _UNDESCRIBED),
    "scanqrcode": "a WebSocket; `instances qr` shows the same code by asking again",
    "updateApiToken": "its new token must not be lost: greenbot api updateApiToken --token-out FILE",
    "uploadFile": "stores a file for many links; `send file` uploads and sends in one call",
}


ORDER: dict[str, object] = {
    "typeMessage": "orderMessage",
    "orderMessage": {"orderId": "o1", "token": "AR6x==", "totalPrice": "500000", "sellerJid": "11001234567@c.us"},
}


@dataclass(slots=True, kw_only=True)
class Step:
    """One command line of the transcript and what it should say."""

    line: str
    keep_as: str | None
    exit_code: int = 0
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)


def steps(transcript: str) -> list[Step]:
    """The transcript, taken apart."""
    found: list[Step] = []
    for line in transcript.strip().splitlines():
        typed = re.fullmatch(r"(?:(\w+)=)?\$ (.+)", line)
        ended = re.fullmatch(r"\[exit (\d+)\]", line)
        if typed:
            found.append(Step(line=typed[2], keep_as=typed[1]))
        elif ended:
            found[-1].exit_code = int(ended[1])
        elif line.startswith("! "):
            found[-1].stderr.append(line[2:])
        else:
            found[-1].stdout.append(line)
    for step in found:
        while step.stdout and not step.stdout[-1]:
            step.stdout.pop()
    return found


def play(desk: Desk, transcript: str) -> str:
    """Type every line and compare; the first one that differs with what it said, "" when all is as written."""
    kept: dict[str, str] = {}
    for step in steps(transcript):
        said = desk.here(*shlex.split(filled(step.line, kept)))
        if step.keep_as:
            kept[step.keep_as] = (said.stdout.split() or [""])[0]
        pattern = "".join(matching(filled(line, kept)) for line in step.stdout)
        is_right = said.exit_code == step.exit_code and re.fullmatch(pattern, said.stdout)
        if not is_right or any(filled(words, kept) not in said.stderr for words in step.stderr):
            return f"$ {step.line}\n{said.stdout}{said.stderr}[exit {said.exit_code}]"
    return ""


def filled(line: str, kept: dict[str, str]) -> str:
    return re.sub(r"\{([A-Z]+)\}", lambda name: kept[name[1]], line)


def matching(line: str) -> str:
    """A line of the transcript as a pattern."""
    if line == "…":
        return r"(?:.*\n)*"
    return re.escape(line).replace(re.escape(" | "), r"\t").replace("…", ".*") + r"\n"


def _send_photo(desk: Desk) -> None:
    """A photo whose link has expired when greenbot hears of it; GREEN-API's journal has a fresh one."""
    expired, name = f"{desk.simulator.api_url}/expired/view.jpg", "view.jpg"
    upload = store_file(desk.instance, FilePart(content=JPEG, file_name=name, mime_type="image/jpeg"))
    data = photo("Our view", url=expired, name=name)
    message = guest_writes(desk.instance, GUEST, message_data=data, sender_name="Olena", id_message="guest-2")
    message.content = {**message.content, "downloadUrl": upload.url}


@pytest.fixture(scope="module")
def hotel(make_desk: Callable[[], Desk]) -> Iterator[Desk]:
    """A desk with guests who have written, pictures, calls and a recording."""
    desk = make_desk()
    desk.environ |= UNLIMITED
    (desk.folder / "logo.jpg").write_bytes(JPEG)

    def prepare() -> None:
        instance = desk.instance
        instance.chat(GUEST).avatar_url = "https://pictures.example/olena.jpg"
        instance.knobs.guests_without_whatsapp.add("380440000000@c.us")
        guest_writes(instance, GUEST, "Is there a pool?", sender_name="Olena", id_message="guest-1")
        instance.settings |= {
            "incomingWebhook": "yes",
            "incomingCallWebhook": "yes",
            "outgoingCallWebhook": "yes",
            "catalogWebhook": "yes",
        }
        _send_photo(desk)
        instance.products["p1"] = {"productId": "p1", "name": "Spa day", "price": 250_000}
        instance.orders["o1"] = {"items": [{"productId": "p1", "quantity": 2}], "currency": "UAH"}
        guest_writes(instance, GUEST, message_data=ORDER, sender_name="Olena", id_message="guest-3")
        now = int(desk.simulator.world.clock.now())
        call = {"typeMessage": "call", "chatId": GUEST, "isVideo": False, "isGroup": False}
        instance.calls += [
            {
                **call,
                "type": "incoming",
                "idMessage": "call-1",
                "timestamp": now - 60,
                "status": "pickUp",
                "duration": 190,
            },
            {**call, "type": "outgoing", "idMessage": "call-2", "timestamp": now - 30, "status": "missed"},
        ]
        instance.recordings["call-1"] = {
            "status": "ready",
            "downloadUrl": "https://recordings.example/1.ogg",
            "durationMs": 190_000,
        }
        instance.recordings["call-2"] = {"status": "processing"}

    desk.simulator.call(prepare)
    world = desk.simulator.world
    before = world.timings
    world.timings = replace(before, reboot_seconds=0.1, settings_apply_seconds=0.1)
    desk.environ["GREEN_API_PARTNER_TOKEN"] = token = f"gac.{secrets.token_hex(20)}"
    world.partner_tokens.add(token)
    yield desk
    world.partner_tokens.discard(token)
    world.timings = before


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The line that said something else, if any, and every method that was called, as the simulator wrote it down."""

    difference: str
    reached: set[str]


@pytest.fixture(scope="module")
def played(hotel: Desk) -> Played:
    entries = hotel.simulator.world.ledger.entries
    begin = len(entries)
    difference = play(hotel, TRANSCRIPT)
    mine = {hotel.instance.id, 0}  # 0: the partner methods
    return Played(difference=difference, reached={entry.method for entry in entries[begin:] if entry.instance in mine})


def test_the_commands_of_every_group_do_what_they_say(played: Played) -> None:
    assert played.difference == ""


def test_a_command_reaches_every_method(played: Played) -> None:
    assert [name for name in ENDPOINTS if name not in EXCUSED and name not in played.reached] == []


def test_no_excuse_is_left_over(played: Played) -> None:
    assert set(EXCUSED) <= set(ENDPOINTS)
    assert set(EXCUSED) & played.reached == set()


def test_every_command_of_these_groups_is_typed() -> None:
    typed = [step.line for step in steps(TRANSCRIPT)]
    groups = ("contacts", "groups", "journal", "statuses", "profile", "catalog", "partner", "remote-queue", "message")
    wanted = [" ".join(words) for words, _ in every_command() if words[0] in groups or words[:2] == ("chats", "remote")]
    assert [path for path in wanted if not any(line.startswith(f"{path} ") or line == path for line in typed)] == []


@pytest.mark.parametrize(
    ("printed", "right"),
    [("a\tb\n", True), ("a\tc\n", False), ("a\tb\nmore\n", False), ("", False)],
)
def test_a_line_that_differs_is_noticed(printed: str, right: bool) -> None:
    assert bool(re.fullmatch(matching("a | b"), printed)) is right
