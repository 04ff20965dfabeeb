"""The things an instance keeps: chats, groups, files, stories and what guests received."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Chat:
    """A conversation as getChats and getContacts show it; times are unix seconds."""

    chat_id: str
    name: str = ""
    contact_name: str = ""
    is_contact: bool = False
    archived: bool = False
    unread_count: int = 0
    ephemeral_expiration: int = 0
    ephemeral_set_at: int = 0
    last_activity: float = 0.0
    avatar_url: str = ""


@dataclass(slots=True, kw_only=True)
class Group:
    """A group with its members' roles: `member`, `admin` or `superadmin`, by chat id."""

    group_id: str
    subject: str
    owner: str
    created_at: int
    members: dict[str, str]
    invite_link: str
    avatar_url: str = ""
    allow_edit_settings: bool = True
    allow_send: bool = True
    allow_add_members: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file the simulator stores and serves under `url`."""

    url: str
    file_name: str
    mime_type: str
    content: bytes
    uploaded_at: float


@dataclass(slots=True, kw_only=True)
class GuestMessage:
    """What a guest's phone shows: one message received from an instance."""

    at: float
    instance: int
    chat_id: str
    id_message: str
    type_message: str
    text: str
    content: dict[str, object]
    status: str = "sent"

    @property
    def shown(self) -> str:
        """The words a phone shows for it: the text or caption, else the name of the place, card, poll or file."""
        blocks = [self.content, *(block for block in self.content.values() if isinstance(block, dict))]
        names = ("nameLocation", "displayName", "name", "contentText", "fileName")
        found = (block.get(name) for block in blocks for name in names)
        return self.text or next((str(word) for word in found if word), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """One line of getStateInstanceHistory."""

    state: str
    at: float
    phone: int


@dataclass(slots=True, kw_only=True)
class Status:
    """One story; `seen_by` maps a participant to (unix seconds, sent | delivered | read)."""

    id_message: str
    type: str
    timestamp: float
    type_message: str
    fields: dict[str, object]
    is_deleted: bool = False
    seen_by: dict[str, tuple[float, str]] = field(default_factory=dict)
