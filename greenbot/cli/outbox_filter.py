"""Which messages a command means: the filters that list, hold, cancel and the others share."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenbot.cli.run import Run
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.outbox.listing import Filters
    from greenbot.outbox.message import Message

_PAGE = 1000

_OPTIONS: dict[str, Any] = {
    "state": Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="Only messages in this state. Repeat for more."),
    ],
    "chat": Annotated[str | None, typer.Option("--chat", metavar="TO", help="Only messages to this chat.")],
    "older_than": Annotated[
        str | None, typer.Option("--older-than", metavar="DURATION", help="Only those accepted longer ago: 2h, 3d.")
    ],
    "reason": Annotated[
        str | None,
        typer.Option("--reason", metavar="WORD", help="Only those with this reason, cause or hold: not_sent, held ..."),
    ],
    "message_class": Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Only service or only promo messages.")
    ],
    "campaign": Annotated[str | None, typer.Option("--campaign", metavar="NAME", help="Only those of this campaign.")],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The filters as they were typed."""

    state: list[str] | None = None
    chat: str | None = None
    older_than: str | None = None
    reason: str | None = None
    message_class: str | None = None
    campaign: str | None = None

    @property
    def says_nothing(self) -> bool:
        """No filter was given here; --instance and --tag are the run's."""
        given = (self.state, self.chat, self.older_than, self.reason, self.message_class, self.campaign)
        return all(not one for one in given)


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


def listed(run: Run, which: Which, *, limit: int, before: int | None = None) -> "list[Message]":
    """The newest messages that are meant. Raises `UsageError`, `UnknownInstance`, `NotFound`."""
    from dataclasses import replace

    from greenbot.outbox.listing import list_messages

    found = [
        message
        for filters in _filters(run, which)
        for message in list_messages(run.store, replace(filters, limit=limit, before_id=before))
    ]
    return sorted(found, key=lambda message: -message.id)[:limit]


def every(run: Run, which: Which, **fixed: Any) -> "list[Message]":
    """All messages that are meant, the oldest first. `fixed` are filters the command sets where nothing was said."""
    found = [message for filters in _filters(run, which, **fixed) for message in _all(run, filters)]
    return sorted(found, key=lambda message: message.id)


def _all(run: Run, filters: "Filters") -> "Iterator[Message]":
    from dataclasses import replace

    from greenbot.outbox.listing import list_messages

    page = list_messages(run.store, replace(filters, limit=_PAGE))
    while page:
        yield from page
        page = list_messages(run.store, replace(filters, limit=_PAGE, before_id=page[-1].id))


def _filters(run: Run, which: Which, **fixed: Any) -> "list[Filters]":
    """One for each instance that was named, one for all where none was."""
    from greenbot.chat_id import parse_chat_id
    from greenbot.cli.outbox_group import state_of
    from greenbot.outbox.listing import Filters

    given: dict[str, Any] = dict(fixed)
    if which.state:
        given["states"] = tuple(state_of(word) for word in which.state)
    filters = Filters(
        chat_id=parse_chat_id(which.chat) if which.chat else None,
        campaign_id=_campaign(run, which.campaign),
        message_class=_class(which.message_class),  # type: ignore[arg-type]  # one of the two
        created_before_ms=_created_before(run, which.older_than),
        why=which.reason,
        **given,
    )
    from dataclasses import replace

    if run.flags.instance is None and run.flags.tag is None:
        return [filters]
    return [replace(filters, instance=instance.name) for instance in run.instances]


def _campaign(run: Run, name: str | None) -> int | None:
    if name is None:
        return None
    from greenbot.campaigns.table import by_name

    return by_name(run.store, name).id


def _class(word: str | None) -> str | None:
    if word not in (None, "service", "promo"):
        raise UsageError(f"There is no class '{word}'.", hint="Classes: service, promo")
    return word


def _created_before(run: Run, older_than: str | None) -> int | None:
    if older_than is None:
        return None
    from greenbot.cli.values import seconds_of

    return run.clock.now_ms() - round(seconds_of(older_than) * 1000)
