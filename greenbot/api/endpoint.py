"""What greenbot knows about one GREEN-API method: the row type of the catalogue."""

from dataclasses import dataclass
from typing import Literal

MIB = 1024 * 1024

Verb = Literal["GET", "POST", "DELETE", "WEBSOCKET"]
Host = Literal["api", "media", "partner"]
Kind = Literal["string", "integer", "number", "boolean", "object", "array", "file"]
#: Which of our deadlines and limiters a call belongs to; "transfer" is whatever may take minutes.
CallClass = Literal["send", "query", "transfer", "poll"]
#: Where the parameters travel.
Body = Literal["none", "json", "query", "path", "multipart", "raw"]
#: What a good answer looks like; everything else on a 200 is a failure that looks like success.
Answer = Literal[
    "object",  # any JSON object
    "list",  # any JSON array
    "json",  # any JSON at all: the documents show no answer
    "id",  # an object with a non-empty idMessage
    "ids",  # an object with a non-empty list of message ids
    "url",  # an object with a non-empty urlFile
    "flag",  # an object in which the key `flag` is true
    "empty",  # nothing is promised but the status
    "poll",  # {receiptId, body}, or nothing in one of five forms
    "download",  # a JSON object, or the raw bytes of a file
    "state",  # an object, or null while the instance is being created
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One parameter, spelled as GREEN-API spells it."""

    name: str
    type: Kind = "string"
    required: bool = False
    doc: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method.

    `repeat_safe`: the same call twice leaves the same state as once, so a lost answer may be asked for again.
    `sends`: something reaches a guest, so a lost answer must never be repeated blindly.
    `rate_per_second`: GREEN-API docs, per instance and method; 1 where no table names the method.
    """

    name: str
    summary: str
    group: str
    verb: Verb = "POST"
    host: Host = "api"
    params: tuple[Param, ...] = ()
    rate_per_second: float = 1.0
    repeat_safe: bool = False
    sends: bool = False
    call_class: CallClass = "query"
    body: Body = "json"
    answer: Answer = "object"
    flag: str | None = None
    reply_limit_bytes: int = MIB
    beta: bool = False
    archived: bool = False

    def param(self, name: str) -> Param | None:
        """The parameter of that name, if the catalogue knows it."""
        return next((param for param in self.params if param.name == name), None)


def need(name: str, doc: str, *, kind: Kind = "string", limit: str = "") -> Param:
    """A parameter GREEN-API insists on."""
    return Param(name=name, type=kind, required=True, doc=doc, limit=limit)


def may(name: str, doc: str, *, kind: Kind = "string", limit: str = "") -> Param:
    """A parameter that can be left out."""
    return Param(name=name, type=kind, required=False, doc=doc, limit=limit)


CHAT = need("chatId", "the chat: number@c.us, id@g.us or id@lid")
MESSAGE_ID = need("idMessage", "the message")
GROUP = need("groupId", "the group: id@g.us")
MEMBER = need("participantChatId", "the member: number@c.us")
QUOTED = may("quotedMessageId", "the message of this chat to answer to")
TYPING_TIME = may("typingTime", "show 'typing' for so many milliseconds first", kind="integer", limit="1000-20000")
TYPING_TYPE = may("typingType", "what is shown meanwhile", limit="typing, recording")
MINUTES = may("minutes", "how far to look back; 1440 if not given", kind="integer")
