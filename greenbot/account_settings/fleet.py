"""The settings of many numbers at once: read, planned and changed in parallel, so many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from greenbot.account_settings.change import read_settings
from greenbot.errors import GreenbotError
from greenbot.outbox.remote import Reader

T = TypeVar("T")
R = TypeVar("R")
ReaderOf = Callable[[str], Reader]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A number whose settings could not be read."""

    error: GreenbotError


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[R]], *, most: int) -> list[R]:
    """Do the same with each, at most so many at a time; the results in the order of the items.

    What one of them raises ends the others, and is raised here.
    """
    places = asyncio.Semaphore(most)

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def read_all(
    names: Sequence[str], reader_of: ReaderOf, *, most: int, retry_seconds: float = 2.0
) -> Mapping[str, dict[str, object] | Unread]:
    """The settings of each number, or why they could not be read."""

    async def read(name: str) -> dict[str, object] | Unread:
        try:
            return await read_settings(reader_of(name), retry_seconds=retry_seconds)
        except GreenbotError as error:
            return Unread(error=error)

    found = await side_by_side(names, read, most=most)
    return dict(zip(names, found, strict=True))
