"""The group `greenbot instances settings …` itself, and what several of its commands use."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import group as instances
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, NotFound, PartlyDone, UsageError

if TYPE_CHECKING:
    from greenbot.account_settings.fleet import ReaderOf, Unread
    from greenbot.account_settings.plan import Difference
    from greenbot.account_settings.wishes import Wishes
    from greenbot.config.settings import Instance

group = instances.group("settings", help="Settings of numbers at GREEN-API: read, compare, change.")

#: Each number has limits of its own, so many can be asked at once.
READ_AT_ONCE = 16

FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="Wished settings as TOML or JSON, as get --save writes; - reads stdin.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Pass on settings that greenbot does not know, or GREEN-API does not show.")
]


@asynccontextmanager
async def readers(run: Run) -> "AsyncIterator[ReaderOf]":
    """Readers over one engine, one for each number; they keep to GREEN-API's limits together with all processes."""
    import random

    from greenbot.api.engine import Engine
    from greenbot.outbox.remote import Reader
    from greenbot.wiring import open_lines

    lines = open_lines(run.settings, run.clock)
    rng = random.Random()  # noqa: S311 - spreads calls, hides nothing
    made: dict[str, Reader] = {}
    async with Engine(environ=run.environ) as transport:

        def reader_of(name: str) -> Reader:
            if name not in made:
                client = run.client(run.settings.instance(name), transport=transport)
                made[name] = Reader(instance=name, client=client, clock=run.clock, lines=lines, rng=rng)
            return made[name]

        yield reader_of


def read_fleet(run: Run, chosen: "Sequence[Instance]") -> "Mapping[str, dict[str, object] | Unread]":
    """The settings of these numbers as GREEN-API says them now."""
    import asyncio

    from greenbot.account_settings.change import times_of
    from greenbot.account_settings.fleet import read_all

    async def work() -> "Mapping[str, dict[str, object] | Unread]":
        async with readers(run) as reader_of:
            names = [one.name for one in chosen]
            retry_seconds = times_of(run.environ).retry_seconds
            return await read_all(names, reader_of, most=READ_AT_ONCE, retry_seconds=retry_seconds)

    return asyncio.run(work())


def refuse_unread(found: "Mapping[str, dict[str, object] | Unread]") -> None:
    """Say it with the exit code: of one number its own error, of many that they were not all read."""
    from greenbot.account_settings.fleet import Unread

    unread = {name: one for name, one in found.items() if isinstance(one, Unread)}
    if unread and len(found) == 1:
        raise next(iter(unread.values())).error
    if unread:
        raise PartlyDone(f"{len(found) - len(unread)} of {len(found)} instances could be read.", hint=None)


def wishes_of(run: Run, file: str, *, force: bool) -> "Wishes":
    """The file, read and checked, also against the instances there are. Raises `UsageError` or `NotFound`."""
    from greenbot.account_settings import wishes
    from greenbot.cli.values import text_of

    found = wishes.read(text_of("-" if file == "-" else f"@{file}", what="file of settings"), force=force)
    unknown = list(wishes.strangers(found, run.settings.instances.values()))
    if unknown:
        raise NotFound(f"The file names what nobody has: {', '.join(unknown)}.", hint="See: greenbot instances list")
    return found


def chosen_for(run: Run, wishes: "Wishes") -> "list[Instance]":
    """The instances of which the file wishes something, among those of -i and --tag. Raises `UsageError`."""
    from greenbot.account_settings.wishes import meant

    named = run.flags.instance or run.flags.tag
    among = run.instances if named else tuple(run.settings.select("all"))
    found = meant(wishes, among)
    if not found:
        raise UsageError("The file wishes nothing of these instances.", hint="See: greenbot instances list")
    return found


def difference_words(one: "Difference") -> tuple[str, str]:
    """What is and what should be, for people; secrets masked."""
    from greenbot.cli.output import show

    before, after = (show(word) or "''" for word in one.words())
    return before if one.is_known else "not shown", after


def difference_fields(found: "Sequence[Difference]") -> dict[str, object]:
    """The same for JSON."""
    return {one.name: dict(zip(("before", "after"), one.words(), strict=True)) for one in found}


def problem_of(error: GreenbotError) -> str:
    """An error in one line of a list."""
    return f"{str(error).rstrip('.')}. {error.hint}" if error.hint else str(error)
