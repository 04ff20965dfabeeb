"""What the simulator carried out, held against what the outbox says: the verdict of a kill run."""

from dataclasses import dataclass, field

from greenbot.db.connect import Db
from greenbot.outbox.message import Message
from greenbot.simulator.journal import NEVER
from greenbot.simulator.world import World

OPEN = ("queued", "claimed", "sending", "uncertain")
DONE = ("accepted", "delivered", "stalled")


def tail(number: int) -> str:
    """Spaces and tabs that tell which message a request is for; the journal and the outbox ignore them."""
    return "".join("\t" if bit == "1" else " " for bit in f"{number:020b}")


def number_in(text: str) -> int:
    """The number in the tail."""
    return int("".join("1" if character == "\t" else "0" for character in text[len(text.rstrip()) :]), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One execution of a message. `forgotten`: the journal never showed it."""

    remote_id: str
    at: float
    forgotten: bool


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Numbers of messages. `false`: marked sent under an id of another message, or of none.
    `unexplained`: doubled, although the journal showed every copy."""

    messages: int = 0
    executions: int = 0
    doubts: int = 0
    states: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, int] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)
    false: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    unexplained: list[int] = field(default_factory=list)
    overtaken: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """No promise was broken."""
        return not (self.lost or self.false or self.unexplained or self.overtaken or self.open)


def copies_of(world: World) -> dict[int, list[Copy]]:
    """What was carried out, by the number in the tail."""
    found: dict[int, list[Copy]] = {}
    for entry in world.ledger.executions(method="sendMessage"):
        message = world.instances[entry.instance].journal.get(entry.id_message)
        assert message is not None, "whatever was carried out has a message"
        copy = Copy(remote_id=entry.id_message, at=entry.at, forgotten=message.visible_at == NEVER)
        found.setdefault(number_in(str(entry.request_body["message"])), []).append(copy)
    return found


def judge(db: Db, numbers: dict[int, int], copies: dict[int, list[Copy]]) -> Verdict:
    """`numbers`: message id -> number in the tail."""
    verdict = Verdict(messages=len(numbers), executions=sum(map(len, copies.values())))
    last: dict[tuple[str, str], float] = {}
    for row in db.all("select * from messages order by id"):
        message = Message.from_row(row)
        mine = copies.get(numbers[message.id], [])
        _judge(verdict, message, mine)
        key = (message.instance, message.chat_id)
        if mine and min(copy.at for copy in mine) < last.get(key, 0.0):
            verdict.overtaken.append(message.id)
        last[key] = max([last.get(key, 0.0), *(copy.at for copy in mine)])
    doubts = db.scalar("select count(distinct message_id) from message_log where to_state = 'uncertain'")
    verdict.doubts = int(str(doubts))
    return verdict


def _judge(verdict: Verdict, message: Message, copies: list[Copy]) -> None:
    verdict.states[message.state] = verdict.states.get(message.state, 0) + 1
    if message.state in OPEN:
        verdict.open.append(message.id)
    elif message.state not in DONE or not copies:
        verdict.lost.append(message.id)
    if message.state in DONE and message.evidence != "operator":
        word = str(message.evidence)
        verdict.evidence[word] = verdict.evidence.get(word, 0) + 1
        if message.remote_id not in {copy.remote_id for copy in copies}:
            verdict.false.append(message.id)
    if len(copies) > 1:
        verdict.doubled.append(message.id)
        if sum(copy.forgotten for copy in copies) < len(copies) - 1:
            verdict.unexplained.append(message.id)
