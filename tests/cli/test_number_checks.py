"""Whether numbers have WhatsApp: asked sparingly, remembered, and heeded before people are put into groups."""

import pytest

from greenbot.errors import ExitCode
from tests.cli.furnished import NIGHT, NOBODY, furnish
from tests.cli.harness import GUEST, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def hotel(desk: Desk) -> Desk:
    return furnish(desk)


def asked(desk: Desk) -> int:
    return len(desk.ledger("checkWhatsapp"))


def test_an_answer_is_kept_and_asked_for_again_on_request(hotel: Desk) -> None:
    first = hotel.here("contacts", "check", GUEST, "--json").ok().json
    second = hotel.here("contacts", "check", GUEST, "--json").ok().json
    assert (first["source"], second["source"], first["whatsapp"], second["whatsapp"]) == (
        "green-api",
        "store",
        True,
        True,
    )
    assert asked(hotel) == 1
    assert hotel.here("contacts", "check", GUEST, "--again", "--json").ok().json["source"] == "green-api"
    assert asked(hotel) == 2


def test_the_budget_of_the_day_holds_and_says_what_to_do(hotel: Desk) -> None:
    hotel.configure("[contacts]\nchecks_per_day = 2\n")
    some = hotel.here("contacts", "check", "-", stdin="380441110001\n380441110002\n380441110003\n")
    assert some.exit_code == ExitCode.PARTLY_DONE
    assert len(some.stdout.splitlines()) == 2
    assert "2 of 3 numbers were answered: All 2 checks of default for today are used up." in some.stderr
    none = hotel.here("contacts", "check", "380441110003")
    assert none.exit_code == ExitCode.LIMITED
    assert "greenbot config set contacts.checks_per_day N" in none.stderr
    assert hotel.here("contacts", "check", "380441110001").ok().stdout, "what is known costs nothing"
    assert asked(hotel) == 2


def test_checks_can_be_switched_off(hotel: Desk) -> None:
    hotel.configure("[contacts]\nchecks_per_day = 0\n")
    said = hotel.here("contacts", "check", GUEST)
    assert said.exit_code == ExitCode.REFUSED
    assert "greenbot config set contacts.checks_per_day 50" in said.stderr
    assert asked(hotel) == 0


def test_a_question_that_was_not_asked_is_given_back(hotel: Desk) -> None:
    hotel.configure("[contacts]\nchecks_per_day = 1\n")
    hotel.state("notAuthorized")
    assert hotel.here("contacts", "check", GUEST).exit_code == ExitCode.NOT_READY
    hotel.state("authorized")
    hotel.here("contacts", "check", GUEST).ok()


def test_processes_share_the_budget(hotel: Desk) -> None:
    hotel.configure("[contacts]\nchecks_per_day = 3\n")
    started = [hotel.start("contacts", "check", f"38044111000{one}") for one in range(6)]
    codes = sorted(process.wait(60) for process in started)
    for process in started:
        process.communicate()
    assert codes == [ExitCode.DONE] * 3 + [ExitCode.LIMITED] * 3
    assert asked(hotel) == 3


def test_who_has_no_whatsapp_is_not_put_into_groups(hotel: Desk) -> None:
    assert hotel.here("contacts", "check", NOBODY, "--exit-code").exit_code == ExitCode.CHECK_FAILED
    for words in (("groups", "create", "Day shift"), ("groups", "add", NIGHT)):
        said = hotel.here(*words, NOBODY)
        assert said.exit_code == ExitCode.REFUSED
        assert f"Not on WhatsApp: {NOBODY}." in said.stderr
    assert not hotel.ledger("createGroup") + hotel.ledger("addGroupParticipant")


def test_an_erased_guest_is_forgotten_here_too(hotel: Desk) -> None:
    hotel.here("contacts", "check", GUEST).ok()
    hotel.here("receive", "--drain", "-q").ok()
    said = hotel.here("chats", "erase", GUEST, "--confirm", GUEST, "--json").ok().json
    assert GUEST.encode() not in hotel.store.read_bytes(), said
    assert hotel.here("contacts", "check", GUEST, "--json").ok().json["source"] == "green-api"
