"""Whatever is typed wrong: the exit code, what is wrong and what to type instead. Nothing leaves, nothing is kept."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.errors import ExitCode
from tests.cli.harness import Desk

USAGE, NOT_FOUND, NOT_READY = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.NOT_READY
NOT_SENT, UNUSABLE = ExitCode.NOT_SENT, ExitCode.UNUSABLE

# what was typed (TO is a good number, SIM the simulator), exit code, what is wrong, what to do
TABLE = [
    # numbers and chat ids
    ("send text 12 hi", USAGE, "'12' has 2 digits, too few", "+380 44 123 4567"),
    ("send text '' hi", USAGE, "The recipient is empty.", "country code"),
    ("send text 044-123-45-67 hi", USAGE, "'044-123-45-67' has no country code.", "or set country_code"),
    ("send text 89261234567 hi", USAGE, "begins with the trunk prefix 8.", "+7 instead of 8"),
    ("send text +38044123456789012 hi", USAGE, "has 17 digits; no phone number is longer than 16.", "country code"),
    ("send text reception hi", USAGE, "'reception' is not a phone number", "country code"),
    ("send text 380441234567@c.uk hi", USAGE, "'380441234567@c.uk' is not a chat id.", "@c.us, @g.us or @lid"),
    ("send text status@broadcast hi", USAGE, "Stories cannot be addressed like a chat.", "greenbot send status"),
    ("send text 120363@newsletter hi", USAGE, "GREEN-API cannot send to channels.", "a person or a group"),
    ("send text @ hi", USAGE, "'@' is not a chat id.", "country code"),
    ("send text @nobody hi", NOT_FOUND, "No contact is called 'nobody'.", "Use the phone number instead."),
    ("send text - hi", USAGE, "The list of recipients on stdin is empty.", "one number per line"),
    ("send text - -", USAGE, "Recipients and text cannot both come from stdin.", "as an argument or as @file"),
    # texts
    ("send text TO ''", USAGE, "The message is empty.", "Write something the guest can read."),
    ("send text TO '   '", USAGE, "The message is empty.", "Write something"),
    ("send text TO @missing.txt", USAGE, "The text cannot be read from missing.txt: No such file", "write @@"),
    ("send text TO @.", USAGE, "The text cannot be read from .: Is a directory.", "write @@"),
    ("send text TO @latin1.txt", USAGE, "The file latin1.txt is not UTF-8 text.", "iconv"),
    ("send text TO @zero.txt", USAGE, "contains a zero byte at position 5", "Is it really text?"),
    ("send text TO @long.txt", USAGE, "has 20,001 characters; at most 20,000", "Shorten it by 1"),
    ("send text TO good morning", USAGE, "This is too much: morning.", "greenbot send text --help"),
    ("send text TO hi --typing 30s", USAGE, "The typing time is 30 s; 1 to 20 s", "1s to 20s"),
    ("send text TO hi --typing soon", USAGE, "'soon' is not a duration.", "30s, 5m, 2h"),
    ("send text TO hi --preview-size huge", USAGE, "The preview size cannot be 'huge'.", "large, small"),
    ("send text TO hi --preview-text x", USAGE, "A preview of your own needs a title.", "--preview-title"),
    ("send text TO hi --reply-to 'a b'", USAGE, "'a b' is not an id.", "greenbot outbox list"),
    ("send text TO hi --key ''", USAGE, "The --key is empty.", "booking-4711"),
    ("send text TO hi --key a --once-per day", USAGE, "--key and --once-per exclude each other.", "Choose one."),
    ("send text TO hi --once-per week", USAGE, "--once-per knows hour and day, not 'week'.", "--once-per day"),
    # files and links
    ("send file TO missing.pdf", USAGE, "There is no file 'missing.pdf'.", "menu.pdf"),
    ("send file TO menus.pdf", USAGE, "There is no file 'menus.pdf'.", "Did you mean 'menu.pdf'?"),
    ("send file TO .", USAGE, "The file has no name.", "such as menu.pdf"),
    ("send file TO fifo.pdf", USAGE, "'fifo.pdf' is not an ordinary file.", "Save its contents"),
    ("send file TO empty.pdf", USAGE, "The file 'empty.pdf' is empty.", "still being written"),
    ("send file TO huge.bin", USAGE, "has 106.0 MB; at most 100 MB are possible.", "send a link"),
    ("send file TO menu.pdf --name a/b.pdf", USAGE, "'a/b.pdf' contains a slash.", "only the name"),
    ("send file TO http://", USAGE, "The link 'http://' is not a complete link.", "https://hotel.example/menu.pdf"),
    ("send file TO ftp://example.com/a.pdf", USAGE, "does not begin with https:// or http://.", "address line"),
    ("send file TO https://u:p@example.com/a.pdf", USAGE, "carries a name or password", "without a password"),
    ("send file TO 'https://example.com/a?b=1'", USAGE, "contains '?', which GREEN-API", "send it from this computer"),
    ("send file TO https://example.com/", USAGE, "does not end in a file name.", "such as menu.pdf"),
    # places, contacts, polls, buttons
    ("send location TO 91 0", USAGE, "The latitude is 91; it lies between -90 and 90.", "swapped"),
    ("send location TO 0 -180.5", USAGE, "The longitude is -180.5; it lies between -180", "50.4501 30.5234"),
    ("send location TO nan 0", USAGE, "The latitude 'nan' is not a number.", "degrees"),
    ("send location TO 50,45 30,52", USAGE, "LATITUDE: '50,45' is not a number such as 50.45.", "location --help"),
    ("send location TO 50.45", USAGE, "LONGITUDE is missing.", "greenbot send location --help"),
    ("send contact TO", USAGE, "Whose contact?", "--vcard FILE"),
    ("send contact TO 380447654321", USAGE, "The contact has no name.", "first, middle or last name"),
    ("send contact TO --vcard missing.vcf", USAGE, "The vCard missing.vcf cannot be read: No such", "Check the name."),
    ("send contact TO --vcard menu.pdf", USAGE, "The vCard file holds no contact.", ".vcf file with exactly one"),
    ("send poll TO q one", USAGE, "only 1 option; 2 to 12 are possible.", "Add or remove options."),
    ("send poll TO q a b c d e f g h i j k l m", USAGE, "There are 13 options; 2 to 12", "Add or remove"),
    ("send poll TO q a a", USAGE, "The option 'a' is there twice.", "Make every option different."),
    ("send poll TO '' a b", USAGE, "The question is empty.", "Write something"),
    ("send buttons TO body", USAGE, "--button is missing.", "greenbot send buttons --help"),
    (
        "send buttons TO b --button a --button c --button d --button e",
        USAGE,
        "There are 4 buttons; 1 to 3",
        "three most",
    ),
    ("send buttons TO b --button url:Go:nowhere", USAGE, "of the button 'Go' 'nowhere' does not begin", "browser"),
    ("send buttons TO b --button call:Ring:12", USAGE, "of the button 'Ring': '12' has 2 digits", "country code"),
    ("send buttons TO b --button repyl:Yes", USAGE, "repyl", "reply:"),
    ("send buttons TO b --button copy:Code:", USAGE, "The code of the button 'Code' is empty.", "Write something"),
    ("send buttons TO b --button reply:a --button url:b:https://c.d", USAGE, "cannot hold both.", "two messages"),
    ("send forward TO BAE5", USAGE, "--from is missing.", "greenbot send forward --help"),
    ("send status", USAGE, "The story is empty.", "Write something"),
    ("send status hi --background green", USAGE, "'green' is not a colour.", "#228B22"),
    ("send status hi --font comic", USAGE, "The font cannot be 'comic'.", "SANS_SERIF"),
    ("send status hi --voice https://c.d/a.ogg", USAGE, "a text, a --voice or a --media, not several.", "--help"),
    ("send reaction TO BAE587FA1CECF760 hello", USAGE, "'hello' is not one emoji.", "exactly one"),
    ("send typing TO 0.2s", USAGE, "The typing time is 0.2 s; 1 to 20 s", "1s to 20s"),
    # names of things
    ("send text TO hi -i nowhere", NOT_FOUND, "There is no instance called 'nowhere'.", "greenbot instances list"),
    ("send text TO hi -i defualt", NOT_FOUND, "There is no instance called 'defualt'.", "Did you mean default?"),
    ("send text TO hi --instanc x", USAGE, "There is no option --instanc. Did you mean --instance?", "text --help"),
    ("send txt", USAGE, "There is no command 'txt'. Did you mean 'text'?", "greenbot send --help"),
    ("sned text", USAGE, "There is no command 'sned'. Did you mean 'send'?", "greenbot --help"),
    ("--nonsense", USAGE, "There is no option --nonsense.", "greenbot --help"),
    ("help exit-code", NOT_FOUND, "There is no page 'exit-code'.", "exit-codes"),
    ("help nonsense", NOT_FOUND, "There is no page 'nonsense'.", "greenbot help"),
    ("completion powershell", USAGE, "There is no completion for 'powershell'.", "bash, zsh, fish"),
    ("api", USAGE, "Which method?", "greenbot api --list"),
    ("api getStateInstanc", NOT_FOUND, "GREEN-API has no method 'getStateInstanc'.", "getStateInstance"),
    ("api nonsense", NOT_FOUND, "GREEN-API has no method 'nonsense'.", "greenbot api --list"),
    ("api sendMessage -F chatId", USAGE, "'chatId' is not of the form NAME=VALUE.", "--help"),
    ("api sendMessage --input list.json", USAGE, "The input must be one JSON object", "--help"),
    ("api sendMessage --input latin1.txt", USAGE, "The file latin1.txt is not UTF-8 text.", "iconv"),
    ("api sendFileByUpload -F chatId=1", USAGE, "sendFileByUpload needs a file.", "--file FILE"),
    ("api sendFileByUpload --file missing", USAGE, "There is no file 'missing'.", "Check the name"),
    ("api scanqrcode", USAGE, "scanqrcode is a WebSocket", "Use qr instead."),
    ("api getInstances", NOT_READY, "There is no partner token", "chmod 600"),
    ("outbox show 99", NOT_FOUND, "There is no message 99.", "greenbot outbox list"),
    ("outbox show twelve", USAGE, "ID: 'twelve' is not a whole number.", "greenbot outbox show --help"),
    ("outbox show 99999999999999999999", USAGE, "is not between 1 and", "greenbot outbox show --help"),
    ("outbox list --state sent", USAGE, "There is no state 'sent'.", "queued, claimed, sending, uncertain"),
    ("outbox list --limit 0", USAGE, "--limit: 0 is not between 1 and 10000.", "greenbot outbox list --help"),
    ("outbox list --columns id,colour", USAGE, "There is no column 'colour'.", "Columns: id, state"),
    ("outbox list --sort -colour", USAGE, "There is no column 'colour'.", "Columns: id, state"),
    ("sim fault nonsense --url SIM", USAGE, "No fault is called 'nonsense'", "greenbot sim fault --kinds"),
    ("sim fault 'drop-reply count=x' --url SIM", USAGE, "Count='x' is not a number.", "--kinds"),
    ("sim advance 1x --url SIM", USAGE, "'1x' is not a duration.", "30s, 5m"),
    ("sim inbox --url https://example.com", USAGE, "A simulator runs on this machine.", "http://127.0.0.1:7105"),
    ("sim inbox --url http://127.0.0.1:1", NOT_SENT, "No simulator answers at http://127.0.0.1:1.", "sim serve"),
    ("sim scenario run nonsense --url SIM", USAGE, "No scenario is called 'nonsense'", "sim scenario list"),
    ("sim serve --port 99999", USAGE, "--port: 99999 is not between 0 and 65535.", "greenbot sim serve --help"),
    ("trigger nonsense --url SIM -i default", USAGE, "No event is called 'nonsense'.", "greenbot trigger --list"),
    ("trigger x --set y --url SIM", USAGE, "'y' is not of the form NAME=VALUE.", "--help"),
    # settings
    ("send text TO hi --config missing.toml", UNUSABLE, "There is no configuration file", "Correct --config."),
    ("config get api.timeout", USAGE, "There is no setting api.timeout.", "Did you mean api.timeout_seconds?"),
    ("config set api.timeout_seconds fast", USAGE, 'a number from 1 to 180, not "fast".', "For example: 30"),
    ("config set api.base_url http://example.com", USAGE, "anybody on the way could read the token", "https://"),
    ("config set token abc", USAGE, "There is no setting token.", "greenbot config list"),
    ("config edit", USAGE, "An editor needs a terminal.", "greenbot config set KEY VALUE"),
    ("instances add UPPER --id 1101", USAGE, "UPPER", "small letters"),
    ("instances add coast --id abc", USAGE, "instances.coast.id should be the number called idInstance", "1101000001"),
    (
        "instances add coast --id 1 --set colour=red",
        USAGE,
        "There is no setting instances.coast.colour.",
        "config list",
    ),
    ("instances add coast --id 1 --token-stdin", USAGE, "The token is empty.", "--token-stdin < token.txt"),
    ("instances edit default", USAGE, "Nothing to change was given.", "greenbot instances edit --help"),
    ("instances edit nowhere --set tags=a", NOT_FOUND, "There is no instance called 'nowhere'.", "instances list"),
    ("instances remove default", USAGE, "it needs the name once more.", "--confirm default"),
    ("instances list --tag nothing", NOT_FOUND, "No instance has the tag 'nothing'.", "No instance has a tag yet."),
    ("init --no-input", USAGE, "--name is missing.", "or run greenbot init at a terminal"),
    ("init --no-input --name x --id 1", USAGE, "--token-stdin is missing.", "< token.txt"),
]


@pytest.fixture(scope="module")
def counter(make_desk: Callable[[], Desk]) -> Desk:
    """One desk for the whole table, with the files it names."""
    desk = make_desk()
    _write_files(desk.folder)
    return desk


def _write_files(folder: Path) -> None:
    (folder / "menu.pdf").write_bytes(b"%PDF-1.7")
    (folder / "empty.pdf").touch()
    (folder / "latin1.txt").write_bytes(b"caf\xe9")
    (folder / "zero.txt").write_bytes(b"room\x00 12")
    (folder / "long.txt").write_text("x" * 20_001)
    (folder / "list.json").write_text("[1]")
    os.mkfifo(folder / "fifo.pdf")
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(106_000_000)


def _words(typed: str, desk: Desk) -> list[str]:
    names = {"TO": "380441234567", "SIM": desk.simulator.api_url}
    return [names.get(word, word) for word in shlex.split(typed)]


@pytest.mark.parametrize("typed, code, what, hint", TABLE, ids=[row[0] for row in TABLE])
def test_the_error_says_what_is_wrong_and_what_to_type(
    counter: Desk, typed: str, code: ExitCode, what: str, hint: str
) -> None:
    words = _words(typed, counter)
    said = counter.here(*words)
    assert said.exit_code == code, said.stderr
    assert said.stdout == ""
    error, _, advice = said.stderr.partition("\nhint:  ")
    assert error.startswith("error: ")
    assert what in error
    assert hint in advice
    told = counter.here(*words, "--json")
    assert (told.exit_code, told.stdout) == (code, "")
    if "json" not in typed and not typed.startswith("-"):
        assert what in told.error["message"]
        assert hint in told.error["hint"]
        assert told.error["code"].islower()


def test_nothing_left_and_nothing_was_kept(counter: Desk) -> None:
    for typed, *_ in TABLE[:20]:
        counter.here(*_words(typed, counter))
    assert [entry.method for entry in counter.ledger() if entry.method.startswith("send")] == []
    assert counter.here("outbox", "list", "--json").ok().lines == []


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 60
