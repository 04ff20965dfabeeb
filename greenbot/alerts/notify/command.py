"""A program: the text as JSON on stdin, a few variables, no shell, limits that hold."""

from greenbot.alerts.notify.body import body_of
from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told
from greenbot.hooks.command import HARMLESS, run_program


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """Done when the program ends with status 0 within its time."""
    argv, declared = _words(settings["command"]), _words(settings.get("environment", ()))
    chosen = {name: reach.environ[name] for name in (*HARMLESS, *declared) if name in reach.environ}
    told = {
        "GREENBOT_NOTICE_ID": telling.id,
        "GREENBOT_ALERT": telling.word,
        "GREENBOT_RULE": telling.rule,
        "GREENBOT_SEVERITY": telling.severity,
        "GREENBOT_INSTANCES": " ".join(dict.fromkeys(item.instance for item in telling.items)),
        "GREENBOT_TITLE": telling.title,
    }
    seconds = settings.get("timeout_seconds", _TIMEOUT_SECONDS)
    assert isinstance(seconds, int)
    ended = await run_program(argv, body_of(telling), chosen | told, seconds * 1000, clock=reach.clock)
    is_done = ended.outcome == "ok"
    return Told(outcome=ended.outcome, words=ended.words, proof=ended.words if is_done else None, is_proved=is_done)


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list | tuple) else []


_TIMEOUT_SECONDS = 15
KIND = KindOf(
    name="command",
    doc="Runs a program.",
    deliver=deliver,
    fields=(
        Field(name="command", type="argv", needed=True, doc="The program and its arguments, as a list."),
        Field(name="environment", type="words", doc="Variables of greenbot's own environment that it may see."),
        Field(
            name="timeout_seconds", type="count", default=_TIMEOUT_SECONDS, least=1, most=60,
            doc="How long it may take.",
        ),
    ),
)  # fmt: skip
