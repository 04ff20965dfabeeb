"""The group `greenbot events …` itself, and which events its commands mean."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenbot.cli.numbers import LAST_ID
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.inbox.event import StoredEvent
    from greenbot.inbox.states import State
    from greenbot.inbox.table import Wanted

group = Group("events", "What GREEN-API told greenbot: look, try again, fetch what was missed, export.")

IdArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=LAST_ID, help="The event's number.")]
IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Numbers of events, or - to read them from stdin.")
]

_OPTIONS: dict[str, Any] = {
    "type_": Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only this typeWebhook: incomingMessageReceived ...")
    ],
    "state": Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="Only events in this state. Repeat for more."),
    ],
    "chat": Annotated[str | None, typer.Option("--chat", metavar="WHO", help="Only events of this chat.")],
    "since": Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only those that came since: 2h, 'yesterday 07:30'.")
    ],
    "until": Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Only those that came before.")],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The filters as they were typed."""

    type_: str | None = None
    state: list[str] | None = None
    chat: str | None = None
    since: str | None = None
    until: str | None = None

    @property
    def says_nothing(self) -> bool:
        """No filter was given here; --instance and --tag are the run's."""
        return not any((self.type_, self.state, self.chat, self.since, self.until))


Body = Callable[..., None]


def with_filters(body: Body) -> Body:
    """The function Typer sees: the filters as options, in place of the body's parameter `which`."""
    own = [parameter for name, parameter in inspect.signature(body).parameters.items() if name != "which"]
    filters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]

    def command(run: Run, **given: Any) -> None:
        body(run, which=Which(**{name: given.pop(name) for name in _OPTIONS}), **given)

    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    command.__signature__ = inspect.Signature([*own, *filters])  # type: ignore[attr-defined]  # what Typer reads
    command.__doc__ = body.__doc__
    command.__name__ = body.__name__
    return command


def newest(run: Run, which: Which, *, limit: int, before: int | None) -> "list[StoredEvent]":
    """The newest events that are meant. Raises `UsageError`, `UnknownInstance`."""
    from dataclasses import replace

    from greenbot.inbox.table import page

    found = [
        event
        for wanted in _wanted(run, which)
        for event in page(run.store, replace(wanted, before=before), limit=limit)
    ]
    return sorted(found, key=lambda event: -event.id)[:limit]


def oldest_first(run: Run, which: Which, *, states: "tuple[State, ...]" = ()) -> "Iterator[StoredEvent]":
    """All events that are meant, in the order of their arrival; `states` where the person named none."""
    import heapq

    from greenbot.inbox.table import in_order

    lists = [in_order(run.store, wanted) for wanted in _wanted(run, which, states=states)]
    return heapq.merge(*lists, key=lambda event: event.id)


def state_of(word: str) -> "State":
    """The state of that name. Raises `UsageError` naming all."""
    from greenbot.inbox.states import State

    try:
        return State(word)
    except ValueError:
        raise UsageError(f"There is no state '{word}'.", hint=f"States: {', '.join(State)}") from None


def _wanted(run: Run, which: Which, *, states: "tuple[State, ...]" = ()) -> "list[Wanted]":
    """One for each instance and state that was named; None stands for all."""
    from greenbot.chat_id import parse_chat_id
    from greenbot.inbox.table import Wanted

    named = run.flags.instance is not None or run.flags.tag is not None
    instances = [instance.name for instance in run.instances] if named else [None]
    chosen = tuple(dict.fromkeys(map(state_of, which.state))) if which.state else states
    return [
        Wanted(
            instance=instance,
            type=which.type_,
            state=state,
            chat_id=parse_chat_id(which.chat) if which.chat else None,
            since_ms=_moment(run, which.since),
            until_ms=_moment(run, which.until),
        )
        for instance in instances
        for state in chosen or (None,)
    ]


def _moment(run: Run, text: str | None) -> int | None:
    from greenbot.cli.when import moment, zone_for

    if text is None:
        return None
    return moment(text, now_ms=run.clock.now_ms(), zone=zone_for(None, hotel=None), towards="past")
