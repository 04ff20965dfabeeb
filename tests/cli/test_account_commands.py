"""Contacts, groups, chats, journals and stories at GREEN-API: what commands refuse, spare, keep and never do."""

import shlex
import signal
from collections.abc import Callable

import pytest

from greenbot.errors import ExitCode
from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.records import Group
from tests.cli.furnished import NIGHT, furnish
from tests.cli.harness import GUEST, Desk, running, until
from tests.cli.hostile import TEXTS, steering
from tests.cli.test_hostile_text import on_a_terminal

pytestmark = pytest.mark.integration


@pytest.fixture
def hotel(desk: Desk) -> Desk:
    return furnish(desk)


@pytest.fixture(scope="module")
def reception(make_desk: Callable[[], Desk]) -> Desk:
    """One for everything that changes nothing."""
    return furnish(make_desk())


# -- what is typed wrong

WRONG = [
    ("contacts show 12", ExitCode.USAGE, "'12' has 2 digits", "country code"),
    ("contacts show -", ExitCode.USAGE, "about one chat, not a list", "@name"),
    ("contacts show @nobody", ExitCode.NOT_FOUND, "No contact is called 'nobody'.", "phone number"),
    ("contacts add +380441234567", ExitCode.USAGE, "--first-name is missing.", "contacts add --help"),
    ("contacts add +380441234567 --first-name '  '", ExitCode.USAGE, "The first name is empty.", "--first-name Olena"),
    (f"contacts add {NIGHT} --first-name Night", ExitCode.USAGE, "is a group, not a person", "greenbot groups list"),
    ("contacts delete +380441234567", ExitCode.USAGE, "Delete 380441234567@c.us? needs a confirm", "Add --yes"),
    ("contacts delete +380441234567 +380447654321", ExitCode.USAGE, "Delete 2 contacts? needs", "Add --yes"),
    ("contacts check +380441234567 --columns colour", ExitCode.USAGE, "no column 'colour'", "Columns: chat_id"),
    ("contacts list --sort colour -i all", ExitCode.USAGE, "no column 'colour'", "Columns: chat_id, instance"),
    (f"contacts check {NIGHT}", ExitCode.USAGE, "is a group, not a person", "greenbot groups list"),
    ("contacts avatar +380447654321", ExitCode.NOT_FOUND, "has no picture, or shows it to friends", ""),
    ("contacts avatar +380440000000", ExitCode.NOT_FOUND, "it may not be on WhatsApp", "greenbot contacts check"),
    ("groups show +380441234567", ExitCode.USAGE, "is a person, not a group", "greenbot groups list"),
    ("groups create '' +380441234567", ExitCode.USAGE, "The name of the group is empty.", "Night shift"),
    (f"groups create {'x' * 101} +380441234567", ExitCode.USAGE, "101 characters; at most 100", "Shorten it."),
    (f"groups create Night {NIGHT}", ExitCode.USAGE, "is a group, not a person", "groups list"),
    (f"groups rename {NIGHT} ' '", ExitCode.USAGE, "The name of the group is empty.", "Night shift"),
    (f"groups remove {NIGHT} +380441234567", ExitCode.USAGE, "Take 380441234567@c.us out of", "Add --yes"),
    (f"groups picture {NIGHT} logo.png", ExitCode.USAGE, "'logo.png' is not a JPEG picture.", "Convert it first"),
    (f"groups picture {NIGHT} none.jpg", ExitCode.USAGE, "'none.jpg' cannot be read: No such file", "Check the name."),
    (f"groups settings {NIGHT} --write nobody", ExitCode.USAGE, "--write knows all and admins", "--write admins"),
    (f"groups leave {NIGHT}", ExitCode.USAGE, "cannot be undone", f"--confirm {NIGHT}"),
    (f"groups leave {NIGHT} --confirm 1@g.us", ExitCode.USAGE, "The name does not match", f"--confirm {NIGHT}"),
    ("chats remote disappearing +380441234567 2d", ExitCode.USAGE, "off, 1d, 7d, 90d, not '2d'", "no other times"),
    (
        "chats remote read +380441234567 +380447654321 --up-to A",
        ExitCode.USAGE,
        "a message of one chat",
        "leave it out",
    ),
    ("chats remote list --limit 0", ExitCode.USAGE, "--limit: 0 is not between", "list --help"),
    ("journal incoming --since soon", ExitCode.USAGE, "'soon' is no moment", "2h"),
    ("journal incoming --since 2y", ExitCode.USAGE, "'2y' is no moment", "2h"),
    ("journal outgoing --since 400d", ExitCode.USAGE, "do not reach back more than a year", "--since 7d"),
    ("journal calls --incoming --outgoing", ExitCode.USAGE, "together are all calls", "Leave both out."),
    ("journal recording nothing", ExitCode.NOT_SENT, "notfound", ""),
    ("statuses list theirs", ExitCode.USAGE, "outgoing and incoming stories, not 'theirs'", "statuses list"),
    ("statuses views nothing", ExitCode.NOT_FOUND, "knows no story nothing", "statuses list"),
    ("statuses delete nothing", ExitCode.USAGE, "Delete the story nothing? needs a confirm", "Add --yes"),
    ("profile picture logo.png", ExitCode.USAGE, "'logo.png' is not a JPEG picture.", "Convert it first"),
    ("catalog order 99", ExitCode.NOT_FOUND, "There is no event 99.", "greenbot events list"),
    ("catalog collections add ' ' p1", ExitCode.USAGE, "The name of the collection is empty.", "like Spa"),
    ("profile show -i nowhere", ExitCode.NOT_FOUND, "no instance called 'nowhere'", "instances list"),
]


@pytest.mark.parametrize(("typed", "code", "said", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_what_to_type_instead(
    reception: Desk, typed: str, code: ExitCode, said: str, hint: str
) -> None:
    result = reception.here(*shlex.split(typed))
    assert result.exit_code == code, result.stderr
    assert result.stdout == ""
    assert said in result.stderr
    assert hint in result.stderr


# -- what changes something

CHANGES = [
    "contacts add +380447654321 --first-name Taras",
    "contacts edit +380441234567 --first-name Olena --address-book",
    "contacts delete +380441234567 --yes",
    "contacts check +380441234567",
    "groups create 'Day shift' +380441234567",
    f"groups rename {NIGHT} Nights",
    f"groups add {NIGHT} +380447654321",
    f"groups remove {NIGHT} +380441234567 --yes",
    f"groups promote {NIGHT} +380441234567",
    f"groups demote {NIGHT} +380441234567",
    f"groups picture {NIGHT} logo.jpg",
    f"groups settings {NIGHT} --edit admins",
    f"groups leave {NIGHT} --confirm {NIGHT}",
    "chats remote archive +380441234567",
    "chats remote unarchive +380441234567",
    "chats remote read +380441234567",
    "chats remote disappearing +380441234567 7d",
    "statuses delete BAE5F4886F6F2D05 --yes",
    "profile picture logo.jpg",
    "catalog collections add Spa p1",
]


def changed(desk: Desk) -> set[str]:
    """What was called besides questions; checkWhatsapp is one that costs."""
    return {entry.method for entry in desk.ledger() if not entry.method.startswith(("get", "last"))}


def test_the_table_of_changes_is_complete() -> None:
    from tests.cli.commands import every_command

    groups = {
        ("contacts",),
        ("groups",),
        ("chats", "remote"),
        ("journal",),
        ("statuses",),
        ("profile",),
        ("catalog", "collections"),
    }
    found = {
        " ".join(words)
        for words, command in every_command()
        if words[:-1] in groups and any("--dry-run" in param.opts for param in command.params)
    }
    assert found == {" ".join(typed.split()[: 3 if typed.startswith(("chats", "catalog")) else 2]) for typed in CHANGES}


@pytest.mark.parametrize("typed", CHANGES)
def test_a_dry_run_shows_the_request_without_the_token_and_changes_nothing(reception: Desk, typed: str) -> None:
    said = reception.here(*shlex.split(typed), "-n").ok()
    assert f"/waInstance{reception.instance.id}/" in said.stdout
    assert reception.token not in said.stdout + said.stderr
    assert "Nothing was changed." in said.stderr or "Nobody was asked." in said.stderr
    assert changed(reception) == set()


@pytest.mark.parametrize("typed", CHANGES)
def test_read_only_refuses_every_change(reception: Desk, typed: str) -> None:
    said = reception.here(*shlex.split(typed), env={"GREENBOT_READ_ONLY": "1"})
    assert said.exit_code == ExitCode.REFUSED, said.stderr
    assert changed(reception) == set()


def test_a_change_stands_in_the_audit_with_what_became_of_it_and_without_guests(hotel: Desk) -> None:
    hotel.here("groups", "rename", NIGHT, "Nights").ok()
    hotel.here("contacts", "add", "+380447654321", "--first-name", "Taras").ok()
    assert hotel.here("chats", "remote", "archive", "+380449999999").exit_code == ExitCode.NOT_SENT
    lines = hotel.here("audit", "list", "--json").ok().lines
    assert [(line["action"], line["subject"], line["after"]) for line in reversed(lines)] == [
        ("groups.rename", "instance default", {"group": NIGHT, "name": "Nights"}),
        ("contacts.add", "instance default", {}),
        ("chats.remote.archive", "instance default", {}),
        ("chats.remote.archive", "instance default", {"failed": "rejected"}),
    ]


def test_a_lost_answer_is_never_told_as_a_failure(hotel: Desk) -> None:
    hotel.fault("drop-reply method=createGroup")
    said = hotel.here("groups", "create", "Day shift", GUEST)
    assert said.exit_code == ExitCode.OUTCOME_UNKNOWN
    assert "It is not known whether createGroup took effect" in said.stderr
    again = hotel.here("groups", "create", "Day shift", GUEST)
    assert again.exit_code == ExitCode.LIMITED, "it may have made one"
    assert "Run it again in" in again.stderr


def test_a_refused_group_costs_no_pause(hotel: Desk) -> None:
    hotel.fault("429 method=createGroup count=1")
    assert hotel.here("groups", "create", "Day shift", GUEST).exit_code == ExitCode.LIMITED
    hotel.here("groups", "create", "Day shift", GUEST).ok()


# -- several at once


@pytest.fixture
def coast(hotel: Desk) -> Desk:
    """Two hotels with a tag; the second one's phone is not linked."""
    world, number = hotel.simulator.world, hotel.instance.id + 500_000
    other = hotel.simulator.call(lambda: world.add_instance(id_instance=number, token="b" * 50, state="notAuthorized"))
    other.knobs.enforce_limits = False
    hotel.configure(f'[instances.default]\ntags = ["coast"]\n[instances.seaview]\nid = "{number}"\ntags = ["coast"]\n')
    secrets = hotel.home / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    (secrets / "seaview.token").write_text("b" * 50)
    (secrets / "seaview.token").chmod(0o600)
    return hotel


FLEET_WIDE = [
    "contacts list",
    "groups list",
    "chats remote list",
    "journal incoming",
    "journal outgoing",
    "journal calls",
    "statuses list",
]


@pytest.mark.parametrize("typed", FLEET_WIDE)
def test_one_hotel_that_cannot_be_asked_hides_nothing_of_the_others(coast: Desk, typed: str) -> None:
    said = coast.here(*typed.split(), "--tag", "coast")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert "warning: seaview: The number is not linked" in said.stderr
    assert "1 of 2 instances could not be asked." in said.stderr
    alone = coast.here(*typed.split(), "-i", "seaview")
    assert alone.exit_code == ExitCode.NOT_READY
    if typed in FLEET_WIDE[:4]:
        assert {line.split("\t")[1] for line in said.stdout.splitlines()} == {"default"}


def test_ctrl_c_stops_the_whole_list_not_one_hotel_of_it(coast: Desk) -> None:
    coast.fault("no-reply method=getContacts count=1")
    with running(coast.start("contacts", "list", "--tag", "coast")) as process:
        until(lambda: coast.ledger("getContacts"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == ExitCode.INTERRUPTED


def test_on_a_fresh_machine_read_only_says_read_only(desk: Desk) -> None:
    for words in (("contacts", "check", GUEST), ("groups", "create", "Night", GUEST)):
        assert desk.here(*words, "--read-only").exit_code == ExitCode.REFUSED
    assert not desk.store.exists()


def test_a_picture_for_a_whole_coast_is_asked_for_and_told_apart(coast: Desk) -> None:
    said = coast.here("profile", "picture", "logo.jpg", "--tag", "coast")
    assert (said.exit_code, "Change the picture of 2 numbers?" in said.stderr) == (ExitCode.USAGE, True)
    said = coast.here("profile", "picture", "logo.jpg", "--tag", "coast", "--yes", "--json")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert [line["instance"] for line in said.lines] == ["default"]


def test_some_members_are_refused_and_the_rest_added(hotel: Desk) -> None:
    said = hotel.here("groups", "add", NIGHT, GUEST, "+380447654321")
    assert said.exit_code == ExitCode.PARTLY_DONE
    assert said.stdout == f"380447654321@c.us\t{NIGHT}\tadded\n"
    assert f"{GUEST}: GREEN-API did not accept the request" in said.stderr


# -- GREEN-API's own limits


def test_calls_of_one_method_keep_its_published_rate(hotel: Desk) -> None:
    hotel.instance.knobs.enforce_limits = True
    hotel.environ |= {"GREENBOT_LIMITS": "on"}
    for _ in range(2):
        hotel.here("groups", "list", "-q").ok()
    first, second = (entry.at for entry in hotel.ledger("getContacts"))
    assert second - first >= 1.0, "GREEN-API docs: one getContacts a second"


# -- guests' bytes


@pytest.fixture(scope="module")
def lobby(make_desk: Callable[[], Desk]) -> Desk:
    """Contacts, groups, texts and stories that would steer a terminal."""
    desk = furnish(make_desk())

    def prepare() -> None:
        for place, text in enumerate(TEXTS.values()):
            chat = desk.instance.chat(f"3804455500{place:02}@c.us")
            chat.name, chat.contact_name, chat.is_contact = text, text, True
            guest_writes(desk.instance, chat.chat_id, text, sender_name=text)
            group_id = f"1203630439680665{place:02}@g.us"
            members = {desk.instance.phone: "superadmin"}
            desk.instance.groups[group_id] = Group(
                group_id=group_id, subject=text, owner=text, created_at=1, members=members, invite_link=text
            )
            desk.instance.touch_chat(group_id)

    desk.simulator.call(prepare)
    return desk


SHOWN = ["contacts list", "groups list", "chats remote list", "journal incoming", "groups show 120363043968066500@g.us"]


@pytest.mark.parametrize("shape", ["", "--json", "-v", "--csv"])
@pytest.mark.parametrize("typed", SHOWN)
def test_names_and_texts_steer_nothing(lobby: Desk, typed: str, shape: str) -> None:
    if " show " in typed and shape == "--csv":
        shape = "-q"
    said = lobby.here(*typed.split(), *shape.split()).ok()
    assert said.stdout
    assert steering((said.stdout + said.stderr).encode("utf-8", "surrogateescape")) == []


@pytest.mark.parametrize("typed", SHOWN[:2])
def test_names_on_a_terminal_bring_no_sequence_of_their_own(lobby: Desk, typed: str) -> None:
    assert steering(on_a_terminal(lobby, *typed.split()), colours=True) == []
