"""Answer guests in Python: functions that are called for events, and replies that cannot be sent twice.

    from greenbot.handlers import Bot
    from greenbot.messages.incoming.model import Text

    bot = Bot()

    @bot.on(Text)
    async def answer(event, reply):
        reply(f"You wrote: {event.content.text}")

Run it with `greenbot serve --handlers module:bot`. Replies are accepted into the outbox together with the note that the
event is done, in one transaction: a handler that fails has replied nothing and is called again later, and one that
succeeded has replied exactly once. What else a handler does, in the world outside, happens at least once.
"""

import asyncio
import inspect
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from greenbot.chat_id import parse_chat_id
from greenbot.clock import Clock, SystemClock
from greenbot.db.audit import Operator
from greenbot.errors import GreenbotError, KeyReused, UsageError
from greenbot.hooks.claims import Attempted
from greenbot.hooks.dispatcher import Dispatcher, OnNews, ignore_news
from greenbot.hooks.hook import Direction, Rule, Wanted
from greenbot.hooks.job import Job
from greenbot.hooks.table import register_handlers
from greenbot.hooks.words import CONTENTS, KINDS, content_word
from greenbot.messages.drafts.text import Text as TextDraft
from greenbot.messages.incoming.contents import Carried
from greenbot.messages.incoming.model import Event, Incoming, MessageEvent
from greenbot.outbox.message import Draft, NewMessage
from greenbot.outbox.owner import Owner
from greenbot.outbox.table import enqueue_in

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

__all__ = ["Bot", "Reply", "bot", "load", "on", "part", "register"]

#: A bot that talks to a bot stops after so many replies to one chat in a minute.
MOST_REPLIES = 5
REPLY_WINDOW_MS = 60_000
TIMEOUT_MS = 60_000
_PREFIX = "handlers:"

REPLIES = """
select count(*) as replies from messages
 where chat_id = :chat and instance = :instance and created_at_ms > :since and substr(actor, 1, 9) = 'handlers:'
"""

#: Called with the typed event and a `Reply`; may be `async def` or not.
Handler = Callable[..., object]
H = TypeVar("H", bound=Handler)


class Reply:
    """Says something in the chat of the event: `reply("Hello")`. It leaves when the handler has returned."""

    def __init__(self, event: MessageEvent | None) -> None:
        self._event = event
        self._drafts: list[Draft] = []
        self._is_open = True

    def __call__(self, text: str, *, quote: bool = False) -> None:
        """Reply with a text; `quote` shows the guest's message above it. Raises `BadDraft`, `BadChatId`."""
        event = self._asked()
        quoted = event.remote_id if quote else None
        self.send(TextDraft(chat_id=parse_chat_id(event.chat_id), text=text, quoted_message_id=quoted))

    def send(self, draft: Draft) -> None:
        """Reply with any draft, such as a picture or a poll, to whichever chat it is for."""
        self._asked()
        self._drafts.append(draft)

    def close(self) -> tuple[Draft, ...]:
        """What was said; from now on nothing more can be."""
        self._is_open = False
        return tuple(self._drafts)

    def _asked(self) -> MessageEvent:
        if not self._is_open:
            raise RuntimeError("this event is over: reply before the handler returns")
        if self._event is None or not self._event.chat_id:
            raise RuntimeError("only a message can be replied to")
        return self._event


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registered:
    """One handler and what it is called for."""

    handler: Handler
    classes: tuple[type, ...]
    direction: Direction

    def fits(self, incoming: Incoming) -> bool:
        content = getattr(incoming, "content", None)
        if self.classes and not isinstance(incoming, self.classes) and not isinstance(content, self.classes):
            return False
        if not isinstance(incoming, MessageEvent):
            return bool(self.classes)
        return self.direction == "any" or (incoming.direction == "in") == (self.direction == "in")


class Bot:
    """A set of handlers. `name` tells bots apart in `greenbot hooks list`; the module's name unless given."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self._registered: list[_Registered] = []

    def on(self, *classes: type, direction: Direction = "in") -> Callable[[H], H]:
        """Call the function for contents (`Text`, `Image` …) or events (`StatusEvent` …) of these classes.

        Without classes: for every message. `direction` is of messages: `in` from guests, `out` from our side, which a
        bot that answers must not hear, or `any`. Raises `TypeError` for what is neither.
        """
        wrong = [each for each in classes if not (isinstance(each, type) and issubclass(each, Carried | Event))]
        if wrong:
            raise TypeError(f"not an event and not what a message carries: {wrong[0]!r}")

        def register(handler: H) -> H:
            self._registered.append(_Registered(handler=handler, classes=classes, direction=direction))
            return handler

        return register

    @property
    def wanted(self) -> Wanted:
        """The events that some handler is for."""
        words = {_word(each) for registered in self._registered for each in registered.classes or (MessageEvent,)}
        sides = {registered.direction for registered in self._registered}
        return Wanted(events=tuple(sorted(words)), direction=sides.pop() if len(sides) == 1 else "any")

    @property
    def module(self) -> str:
        """What the bot is called: its name, or the module of its handlers."""
        if self.name is not None:
            return self.name
        module = self._registered[0].handler.__module__ if self._registered else "empty"
        return Path(sys.argv[0]).stem if module == "__main__" else module

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Call every handler that fits, in the order in which they were written. Raises what they raise."""
        for registered in self._registered:
            if registered.fits(incoming):
                await _call(registered.handler, incoming, reply)

    def run(self) -> None:
        """Work on stored events until Ctrl-C, beside a `greenbot serve` or `greenbot receive` that stores them."""
        import os

        from greenbot.config.load import load as load_settings
        from greenbot.db.connect import connect

        clock = SystemClock()
        paths = load_settings(os.environ, cwd=Path.cwd()).paths
        db = connect(paths.store_file, clock=clock)
        try:
            with Owner(paths.run_dir) as owner:
                asyncio.run(part(self, db, owner, clock).run())
        except KeyboardInterrupt:
            return
        finally:
            db.close()


#: For a single file of handlers: `from greenbot.handlers import on`.
bot = Bot()
on = bot.on


def load(spec: str) -> Bot:
    """The bot that `module:name` names, found from the working folder too; without a name, its `bot`.

    A module without one that uses `on` itself is served as well. Raises `UsageError`.
    """
    module_name, _, name = spec.partition(":")
    if not all(map(str.isidentifier, module_name.split("."))):
        raise UsageError(f"'{spec}' names no module.", hint="Write it like: --handlers mybot:bot")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(f"There is no module {error.name}.", hint="Run it in the folder of your handlers.") from error
    except Exception as error:
        raise UsageError(
            f"{module_name} cannot be imported: {_where(error)}.", hint="Put right what it says."
        ) from error
    found = getattr(module, name or "bot", None if name else bot)
    if not isinstance(found, Bot):
        raise UsageError(f"There is no Bot called {name or 'bot'} in {module_name}.", hint="Make one: bot = Bot()")
    if not found._registered:
        raise UsageError(f"The bot in {module_name} has no handlers.", hint="Write one: @bot.on(Text)")
    return found


def part(bot: Bot, db: "Db", owner: Owner, clock: Clock, *, on_news: OnNews = ignore_news) -> Dispatcher:
    """The running part of a bot: it hears every event that is processed from now on, each at least once.

    Raises Busy, StoreError when the bot cannot be registered in the store.
    """
    name = register(bot, db, clock)
    carrier = _Carrier(bot, clock)
    rng = random.Random()  # noqa: S311 - spreads retries, hides nothing
    return Dispatcher(db, owner=owner, clock=clock, rng=rng, carriers={"handlers": carrier}, only=name, on_news=on_news)


def register(bot: Bot, db: "Db", clock: Clock) -> str:
    """From now on processed events are put in line for the bot, whether it runs or not; the name of its hook.

    Raises Busy, StoreError.
    """
    rule = Rule(
        name=_PREFIX + bot.module, kind="handlers", target=(bot.module,), wanted=bot.wanted, timeout_ms=TIMEOUT_MS
    )
    register_handlers(db, rule, Operator(name=rule.name, clock=clock))
    return rule.name


class _Carrier:
    """Brings an event to the handlers, and what they replied into the outbox."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def __call__(self, job: Job) -> Attempted:
        began = self._clock.monotonic()
        incoming = job.incoming
        reply = Reply(incoming if isinstance(incoming, MessageEvent) else None)
        try:
            async with asyncio.timeout(job.rule.timeout_ms / 1000):
                await self._bot.handle(incoming, reply)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the event is tried again
            return Attempted(outcome="failed", words=_where(error), elapsed_ms=self._elapsed_ms(began))
        finally:
            drafts = reply.close()
        return Attempted(
            outcome="ok",
            words=f"{len(drafts)} replies",
            elapsed_ms=self._elapsed_ms(began),
            effect=(lambda tx: self._say(tx, job, drafts)) if drafts else None,
        )

    def _say(self, tx: "Tx", job: Job, drafts: tuple[Draft, ...]) -> str:
        """Accept the replies, each once for ever; what became of them."""
        said = [self._accept(tx, job, draft, number) for number, draft in enumerate(drafts)]
        return "; ".join(said)

    def _accept(self, tx: "Tx", job: Job, draft: Draft, number: int) -> str:
        since_ms = self._clock.now_ms() - REPLY_WINDOW_MS
        instance, chat = job.event.instance, str(draft.chat_id)
        row = tx.one(REPLIES, chat=chat, instance=instance, since=since_ms)
        if row is not None and row["replies"] >= MOST_REPLIES:
            return f"not replied: more than {MOST_REPLIES} replies to one chat in a minute look like a loop"
        new = NewMessage(
            instance=instance, draft=draft, key=f"{job.rule.name}:{job.webhook_id}:{number}", actor=job.rule.name
        )
        try:
            message = enqueue_in(tx, new, self._clock)
        except KeyReused:
            return "replied before, in other words"
        except GreenbotError as error:
            return f"not replied: {error}"
        return f"message {message.id}"

    def _elapsed_ms(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)


async def _call(handler: Handler, incoming: Incoming, reply: Reply) -> None:
    if inspect.iscoroutinefunction(handler):
        await handler(incoming, reply)
        return
    # In a thread: an ordinary function may wait for something, and everything else must go on.
    result = await asyncio.to_thread(handler, incoming, reply)
    if isinstance(result, Awaitable):
        await result


def _word(wanted: type) -> str:
    """The word of `hooks.words` for a class; what it does not know by itself comes with all messages."""
    if issubclass(wanted, Event):
        word = wanted.__name__.removesuffix("Event").lower()
        return word if word in KINDS else "all"
    word = content_word(wanted)
    return word if word in CONTENTS else "message"


def _where(error: Exception) -> str:
    """What was raised and where, without its text, which may be a guest's."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
