"""Every shell block that is not `sh run` is typed too, line by line, at a desk with a past: hotels, messages, guests.

So a stranger who copies any line of the guide has somebody who copied it before.
"""

from pathlib import Path

import pytest

from greenbot.cli.simserve import example_token
from tests.guide.desk import REAL, REAL_TOKEN, Desk, Past, lines_of
from tests.guide.pages import PAGES, blocks, text_of

pytestmark = pytest.mark.integration

_WEBHOOK_TOKEN = "openssl rand -hex 32 | greenbot instances edit grand-kyiv --webhook-token-stdin -q"
#: What a page needs besides, before its first plain block.
BEFORE = {
    "events": _WEBHOOK_TOKEN,
    "instances": f"""
        for name in seaview harbour; do greenbot instances remove $name --confirm $name -q; done
        for name in coast-odesa opera-lviv; do {_WEBHOOK_TOKEN.replace("grand-kyiv", "$name")}; done
        {_WEBHOOK_TOKEN}
        cp grand-kyiv.txt token.txt
        (umask 077; echo partner > ~/.config/greenbot/secrets/partner-token)
    """,
    "store": "greenbot db backup greenbot-20261123-031500.db -q",
    "start": "for name in seaview harbour; do greenbot instances remove $name --confirm $name -q; done",
    "README": "greenbot instances remove seaview --confirm seaview -q",
    "secrets": "greenbot instances remove coast-odesa --confirm coast-odesa -q",
    "config": "greenbot instances remove coast-odesa --confirm coast-odesa -q",
    "campaigns": "greenbot campaign plan guests.csv --text 'Dear {{name}}, the pool opens.' --quiet-hours none -q",
}
#: Pages whose blocks ask the service: it is started where they start it, or before they begin.
SERVED = ("monitoring", "events", "webhooks", "troubleshooting")
#: Pages that go on with messages at GREEN-API: the day is lived there, not only remembered.
LIVED = ("account", "outbox")
#: What a person answers.
ANSWERS = {
    "greenbot init": (*REAL, "", REAL_TOKEN),
    "greenbot instances edit grand-kyiv --token-stdin": (example_token(1101000001),),
    "greenbot instances add coast-odesa --id 1101000002 --token-stdin": (example_token(1101000002),),
}
#: Lines that no test can type, and why. Those with greenbot are still read by the parser of the program.
NOT_TYPED = {
    "make test": "it is this test",
    "make check": "a target of its own, in every verification",
    ".venv/bin/python -m tests.guide.tables": "it writes into the repository; test_tables compares",
    "greenbot trace BAE5F4886F6F2D05": "GREEN-API makes another id each time",
    "systemctl reload greenbot": "it needs systemd",
    "greenbot service install --now": "it needs systemd; test_service has one that writes down what it is told",
    "loginctl enable-linger": "it needs systemd",
    "systemctl --user stop greenbot": "it needs systemd",
    "systemctl --user start greenbot": "it needs systemd",
    "greenbot db backup /mnt/backup/greenbot.db --force": "it would write on this machine's own disks",
    "greenbot partner list": "the simulator of the shell has no partner account; the tests of the command make one",
    "greenbot partner create seaview --set incomingWebhook=yes --confirm seaview": "the same",
    "greenbot partner delete seaview --logout --confirm seaview": "the same",
}

#: Blocks that no test can type, by the word behind `sh`, and why.
EXCUSED = {
    "root": "it makes accounts and installs for the whole machine; test_service does the same in a root of its own",
    "container": "it needs a container engine",
}

PLAIN = tuple(name for name in PAGES if any(block.info == ("sh",) for block in blocks(text_of(name))))


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    return Past.live(tmp_path_factory.mktemp("past"))


@pytest.mark.parametrize("name", PLAIN)
def test_every_line_of_a_page_can_be_typed(name: str, past: Past, tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, None if name in LIVED else past, before=BEFORE.get(name, ""))
    try:
        save_files(desk, name)
        lines = [line for block in blocks(text_of(name)) if block.info == ("sh",) for line in lines_of(block.text)]
        if name in SERVED and not any(starts_service(line) for line in lines):
            desk.serve()
        wrong = [said for line in lines if (said := complaint(desk, name, line))]
        assert not wrong, "\n".join(wrong)
    finally:
        desk.close()


def save_files(desk: Desk, name: str) -> None:
    """What a page shows as a file means to be saved: functions for events, wishes for a fleet."""
    for block in blocks(text_of(name)):
        for kind, mark, file in (("python", "bot = Bot(", "frontdesk.py"), ("toml", "[defaults]", "fleet.toml")):
            if block.info == (kind,) and mark in block.text:
                (desk.terminal.folder / "desk" / file).write_text(block.text + "\n")


def starts_service(line: str) -> bool:
    return line.startswith("greenbot serve") and "--handlers" not in line


def complaint(desk: Desk, name: str, line: str) -> str:
    """What went wrong with a line; empty when nothing did."""
    if line in NOT_TYPED:
        return ""
    if name in SERVED and starts_service(line):
        desk.serve()
        return ""
    code, seen = desk.type(line, ANSWERS.get(line, ()))
    return "" if code == 0 else f"{line}\n  exit {code}\n{seen}"


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_typed_by_some_test_or_says_why_not(name: str) -> None:
    words = {block.info[1:] for block in blocks(text_of(name)) if block.is_shell}
    assert words <= {(), ("run",), ("simulator",), *((word,) for word in EXCUSED)}


@pytest.mark.parametrize("line", NOT_TYPED)
def test_a_line_that_is_not_typed_is_still_in_the_guide(line: str) -> None:
    assert any(line in lines_of(block.text) for name in PLAIN for block in blocks(text_of(name)) if block.is_shell)
