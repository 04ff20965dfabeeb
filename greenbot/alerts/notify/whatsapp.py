"""WhatsApp, through another instance: a message in the outbox under a key of its own, so it cannot double.

It counts as arrived when every number says delivered.
"""

from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told
from greenbot.chat_id import parse_chat_id
from greenbot.errors import GreenbotError
from greenbot.messages.drafts.text import Text
from greenbot.outbox.message import NewMessage
from greenbot.outbox.table import enqueue_in

#: An alert that comes later than this is a riddle, not a help.
EXPIRES_MS = 3_600_000
_MOST_LETTERS = 4000


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """Hand one message for each number to the outbox, all in one commit."""
    instance, chats = str(settings["instance"]), settings["to"]
    if instance not in reach.instances():
        return Told(outcome="refused", words=f"there is no instance {instance}")
    assert isinstance(chats, list | tuple)
    try:
        with reach.db.write() as tx:
            numbers = [enqueue_in(tx, _message(telling, instance, str(chat), reach), reach.clock).id for chat in chats]
    except GreenbotError as error:
        return Told(outcome="failed", words=str(error))
    return Told(outcome="ok", words="handed to the outbox", proof="messages " + " ".join(map(str, numbers)))


def _message(telling: Telling, instance: str, chat: str, reach: Reach) -> NewMessage:
    chat_id = parse_chat_id(chat)
    text = f"{telling.title}\n\n{telling.text}"[:_MOST_LETTERS]
    return NewMessage(
        instance=instance,
        draft=Text(chat_id=chat_id, text=text, link_preview=False),
        key=f"{telling.id} {chat_id}",
        priority="high",
        expires_at_ms=reach.clock.now_ms() + EXPIRES_MS,
        actor="alerts",
    )


KIND = KindOf(
    name="whatsapp",
    doc="Writes to WhatsApp through one of the instances; never through the one in trouble.",
    deliver=deliver,
    carrier="instance",
    fields=(
        Field(name="instance", type="name", needed=True, doc="The instance that sends."),
        Field(name="to", type="chats", needed=True, doc="Numbers or chat ids, as a list."),
    ),
)
