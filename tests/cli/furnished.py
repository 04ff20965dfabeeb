"""A hotel with a guest in the phone book, a WhatsApp group it administers, and files to show."""

from greenbot.simulator.incoming import guest_writes
from greenbot.simulator.records import Group
from tests.cli.harness import GUEST, Desk

NIGHT = "120363043968066561@g.us"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
UNLIMITED = {"GREENBOT_TESTING": "1", "GREENBOT_LIMITS": "off"}
NOBODY = "380440000000@c.us"


def furnish(desk: Desk) -> Desk:
    """A guest in the phone book, a group we administer, files to show."""
    desk.environ |= UNLIMITED
    (desk.folder / "logo.jpg").write_bytes(JPEG)
    (desk.folder / "logo.png").write_bytes(b"\x89PNG")
    members = {desk.instance.phone: "superadmin", GUEST: "member"}

    def prepare() -> None:
        chat = desk.instance.chat(GUEST)
        chat.is_contact, chat.contact_name = True, "Olena"
        guest_writes(desk.instance, GUEST, "Hello")
        desk.instance.groups[NIGHT] = Group(
            group_id=NIGHT,
            subject="Night shift",
            owner=desk.instance.phone,
            created_at=1_760_000_000,
            members=members,
            invite_link="https://chat.whatsapp.com/x",
        )
        desk.instance.knobs.guests_without_whatsapp.add(NOBODY)

    desk.simulator.call(prepare)
    return desk
