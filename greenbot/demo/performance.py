"""The demo itself: every message type, then a lost answer, then the proof that nothing was doubled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from greenbot.demo.script import ANSWER, EVERY_TYPE, FRIEND_CHAT, GUEST, GUEST_CHAT, LOST_REPLY, WISH, Cast, Step, shown
from greenbot.demo.stage import HOTELS, Finished, Stage
from greenbot.simulator.world import GuestMessage

_QUESTION = "Good evening! Until when is breakfast?"
_STATUS_SECONDS = 20.0
_HOTEL = HOTELS[0][0]


@dataclass(slots=True, kw_only=True)
class Line:
    """One command as the audience sees it."""

    command: str
    shows: str
    state: str = "running"
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What can be counted at the end, and every promise that was not kept."""

    commands: int
    accepted: int
    uncertain: int
    executed: int
    read: int
    received: int
    events: int
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of a conversation, as `greenbot chats show` tells it."""

    who: str
    text: str
    status: str


class Audience(Protocol):
    """Whoever watches: a terminal, or a pipe."""

    def chapter(self, title: str, text: str) -> None: ...
    def begins(self, line: Line) -> None: ...
    def ended(self, line: Line) -> None: ...
    def look(self, inbox: Callable[[], list[GuestMessage]]) -> None: ...
    def says(self, text: str) -> None: ...
    def converses(self, lines: Sequence[Said]) -> None: ...
    def ends(self, summary: Summary) -> None: ...


@dataclass(slots=True)
class Performance:
    """Plays the script on a stage before an audience. `reading_seconds` is the pause after each step."""

    stage: Stage
    audience: Audience
    reading_seconds: float
    cast: Cast = field(default_factory=Cast)
    broken: list[str] = field(default_factory=list)
    accepted: int = 0
    uncertain: int = 0
    commands: int = 0
    events: int = 0

    def play(self) -> Summary:
        """From the first text to the last count."""
        self._prepare()
        self._every_type()
        if self.accepted:
            self._statuses()
            self._conversation()
            self._lost_reply()
        summary = self._count()
        self.audience.ends(summary)
        return summary

    def _prepare(self) -> None:
        hotels = ", ".join(name for name, _, _ in HOTELS)
        self.audience.chapter("Three hotels", f"A GREEN-API of our own now runs on this machine, with {hotels}.")
        menu = self.stage.file("menu.txt", "Borscht\nVarenyky\nHoney cake\n")
        question = self.stage.guest_writes(HOTELS[0][1], GUEST_CHAT, _QUESTION, "Olena")
        self.cast.words |= {"menu": str(menu), "question": question}

    def _every_type(self) -> None:
        self.audience.chapter(
            "Every message type", "Each line is a command you can type. It is stored before it is sent."
        )
        for step in EVERY_TYPE:
            finished = self._run(step)
            if finished.exit_code != 0:
                self._break(f"{step.shows} was not accepted: {finished.error}")
            self.accepted += finished.exit_code == 0
            if not self.accepted:
                return  # not even the first one: what follows would only repeat it
            self.cast.words[step.name] = finished.text("remote_id")
            self._breathe()

    def _statuses(self) -> None:
        self.audience.chapter("Sent is not read", "GREEN-API's answer means queued. Watch the statuses climb.")
        awaited = sum(step.leaves_message for step in EVERY_TYPE)

        def all_read() -> bool:
            inbox = self.stage.inbox()
            return len(inbox) >= awaited and all(message.status == "read" for message in inbox)

        if not self.stage.wait_until(all_read, _STATUS_SECONDS, self._watch):
            self._break("not every message was read in time")
        self._breathe()

    def _conversation(self) -> None:
        self.audience.chapter(
            "Guests answer",
            "Every event is on the disk before it is worked. Who waits for an answer is never forgotten.",
        )
        wish = self.stage.guest_writes(HOTELS[0][1], GUEST_CHAT, WISH, "Olena")
        self.cast.words["wish"] = wish
        self.events = len(self._look("what came is fetched", "receive", "--drain").lines)
        if WISH not in self._waiting():
            self._break("a guest who waits for an answer is not on the list")
        self._breathe()
        answered = self._run(ANSWER)
        self.accepted += answered.exit_code == 0
        if answered.exit_code != 0:
            self._break(f"the answer to the guest was not accepted: {answered.error}")
        thread = self._look("the whole conversation", "chats", "show", GUEST)
        said = tuple(_said(line) for line in thread.lines)
        self.audience.converses(said)
        missing = {_QUESTION, WISH, ANSWER.argv[2], EVERY_TYPE[0].argv[2]} - {line.text for line in said}
        if missing:
            self._break(f"the conversation lacks: {', '.join(sorted(missing))}")
        if self._waiting():
            self._break("a guest who was answered still waits")
        self._breathe()

    def _waiting(self) -> list[str]:
        """What the guests said last who wait for an answer from the first hotel."""
        found = self._look("who waits for an answer", "chats", "list", "--unanswered")
        said = [self._look("", "chats", "show", str(line["chat_id"]), "--limit", "1") for line in found.lines]
        return [each.text("text") for each in said]

    def _look(self, shows: str, *argv: str) -> Finished:
        """A command that sends nothing; without a word about it, the audience is spared it."""
        whole = (*argv, "-i", _HOTEL)
        line = Line(command=shown(whole, {}), shows=shows)
        if shows:
            self.audience.begins(line)
        finished = self.stage.greenbot(*whole, watch=self._watch)
        if finished.exit_code != 0:
            self._break(f"{shown(argv, {})} failed: {finished.error}")
        if shows:
            self.commands += 1
            line.state, line.detail = ("done", f"{len(finished.lines)} lines")
            self.audience.ended(line)
        return finished

    def _lost_reply(self) -> None:
        self.audience.chapter(
            "A lost answer", "Now GREEN-API does its work, but the connection breaks before it answers."
        )
        before = len(self.stage.executions())
        self.stage.arm("drop-reply method=sendMessage count=1")
        first = self._run(LOST_REPLY)
        self.uncertain += first.exit_code == 7
        if first.exit_code != 7:
            self._break(f"the lost answer ended with exit code {first.exit_code} instead of 7")
        self.audience.says("greenbot cannot know, so it says so (exit code 7) and does not send again.")
        self._breathe()
        again = self._run(LOST_REPLY)
        if again.exit_code != 7:
            self._break("the repeated command was not recognised by its --key")
        self.audience.says("The same command again, with the same --key: recognised, nothing is sent.")
        times = len(self.stage.executions()) - before
        if times != 1:
            self._break(f"the message was carried out {times} times")
        self.audience.says(f"GREEN-API's own ledger says how often it was carried out: {times}.")
        self.stage.wait_until(self._lost_is_read, _STATUS_SECONDS, self._watch)
        self._breathe()

    def _lost_is_read(self) -> bool:
        taxi = [each for each in self.stage.inbox() if each.chat_id == FRIEND_CHAT and "taxi" in each.text]
        return any(message.status == "read" for message in taxi)

    def _run(self, step: Step) -> Finished:
        argv = self.cast.command(step)
        line = Line(command=shown(argv, {self.cast.words["menu"]: "menu.txt"}), shows=step.shows)
        self.audience.begins(line)
        finished = self.stage.greenbot(*argv, watch=self._watch)
        self.commands += 1
        line.state = finished.text("state") or ("uncertain" if finished.exit_code == 7 else "failed")
        line.detail = finished.text("remote_id") or finished.error
        self.audience.ended(line)
        return finished

    def _count(self) -> Summary:
        inbox = self.stage.inbox()
        executed = len(self.stage.executions())
        if executed != self.accepted + self.uncertain:
            self._break(f"GREEN-API carried out {executed} sends instead of {self.accepted + self.uncertain}")
        return Summary(
            commands=self.commands,
            accepted=self.accepted,
            uncertain=self.uncertain,
            executed=executed,
            received=len(inbox),
            events=self.events,
            read=sum(message.status == "read" for message in inbox),
            broken=tuple(self.broken),
        )

    def _break(self, promise: str) -> None:
        self.broken.append(promise)

    def _breathe(self) -> None:
        self.stage.pause(self.reading_seconds, self._watch)

    def _watch(self) -> None:
        self.audience.look(self.stage.inbox)


def _said(line: Mapping[str, object]) -> Said:
    who, text, status = (str(line.get(name) or "") for name in ("who", "text", "status"))
    file, kind = line.get("file"), str(line.get("kind") or "")
    return Said(who=who, text=text or str(file or kind), status=status)
