"""What the demo does, step by step, as data: each step is a command line a person could type."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GUEST = "+380 67 111 2233"
GUEST_CHAT = "380671112233@c.us"
FRIEND = "+380 67 444 5566"
FRIEND_CHAT = "380674445566@c.us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One `greenbot send`. Words in braces stand for what earlier steps brought: `{welcome}` is a remote id."""

    shows: str
    instance: str
    argv: tuple[str, ...]
    #: What later steps call the id of this message.
    name: str = ""
    #: The guest's phone shows something; a "typing…" leaves no trace.
    leaves_message: bool = True


EVERY_TYPE: tuple[Step, ...] = (
    Step(
        shows="a text",
        instance="grand-kyiv",
        argv=("text", GUEST, "Welcome to Grand Kyiv, Olena! Your room 304 is ready."),
        name="welcome",
    ),
    Step(
        shows="a file from this machine",
        instance="grand-kyiv",
        argv=("file", GUEST, "{menu}", "--caption", "Tonight's menu"),
    ),
    Step(
        shows="a file behind a link",
        instance="coast-odesa",
        argv=("file", FRIEND, "https://example.com/beach-map.png", "--caption", "The way to the beach"),
    ),
    Step(
        shows="a place",
        instance="coast-odesa",
        argv=("location", FRIEND, "46.4775", "30.7326", "--name", "Coast Odesa"),
    ),
    Step(
        shows="a contact card",
        instance="opera-lviv",
        argv=("contact", GUEST, "+380 32 123 0003", "--first-name", "Reception", "--company", "Opera Lviv"),
    ),
    Step(
        shows="a poll",
        instance="opera-lviv",
        argv=("poll", GUEST, "When shall we clean your room?", "Morning", "Noon", "Not today"),
    ),
    Step(
        shows="buttons that act",
        instance="grand-kyiv",
        argv=(
            "buttons",
            GUEST,
            "Your booking",
            "--button",
            "url:Open:https://example.com/b/4711",
            "--button",
            "copy:Copy code:4711",
        ),
    ),
    Step(
        shows="buttons that answer",
        instance="coast-odesa",
        argv=("buttons", FRIEND, "Late check-out?", "--button", "reply:Yes, please", "--button", "reply:No"),
    ),
    Step(shows="typing...", instance="opera-lviv", argv=("typing", GUEST, "3s"), leaves_message=False),
    Step(
        shows="an answer to a guest",
        instance="grand-kyiv",
        argv=("text", GUEST, "Breakfast is served from 7 to 11.", "--reply-to", "{question}"),
    ),
    Step(shows="a reaction", instance="grand-kyiv", argv=("reaction", GUEST, "{question}", "👍"), leaves_message=False),
    Step(shows="a forward", instance="grand-kyiv", argv=("forward", FRIEND, "{welcome}", "--from", GUEST)),
    Step(
        shows="a text status",
        instance="coast-odesa",
        argv=("status", "The terrace is open", "--background", "#228B22", "--font", "SERIF"),
        leaves_message=False,
    ),
    Step(
        shows="a voice status",
        instance="coast-odesa",
        argv=("status", "--voice", "https://example.com/waves.mp3"),
        leaves_message=False,
    ),
    Step(
        shows="a picture status",
        instance="opera-lviv",
        argv=("status", "--media", "https://example.com/opera.jpg", "--caption", "Good morning"),
        leaves_message=False,
    ),
)

#: What a guest writes when she has read everything, and what the hotel answers.
WISH = "Thank you! Could we have a late check-out tomorrow?"
ANSWER = Step(
    shows="an answer to the one who waits",
    instance="grand-kyiv",
    argv=("text", GUEST, "With pleasure: until 14:00.", "--reply-to", "{wish}"),
    name="answer",
)

LOST_REPLY = Step(
    shows="a text whose answer gets lost",
    instance="opera-lviv",
    argv=("text", FRIEND, "Your taxi is here.", "--key", "taxi-4711"),
)


@dataclass(slots=True)
class Cast:
    """What the steps of one performance know of each other."""

    words: dict[str, str] = field(default_factory=dict)

    def command(self, step: Step) -> tuple[str, ...]:
        """The full command line of a step, without the program's name."""
        return ("send", *(self._filled(word) for word in step.argv), "-i", step.instance)

    def _filled(self, word: str) -> str:
        return self.words[word[1:-1]] if word.startswith("{") and word.endswith("}") else word


def shown(argv: tuple[str, ...], hidden: Mapping[str, str]) -> str:
    """The command line as a person would type it; `hidden` shortens what is only true today, such as a path."""
    import shlex

    return shlex.join(("greenbot", *(hidden.get(word, word) for word in argv)))
