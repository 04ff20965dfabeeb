"""What a check says: that something is as it should be, or what is wrong and what to type."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from greenbot.doctor.facts import Facts

#: A fault costs messages, events or safety now; a warning will, or would in an emergency. Skipped: nobody looked.
State = Literal["ok", "warning", "fault", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer of a check, maybe about one instance. `fix` is a command to type, or what to do by hand."""

    state: State
    what: str
    fix: str = ""
    instance: str = ""


def ok(what: str, *, instance: str = "") -> Finding:
    """As it should be."""
    return Finding(state="ok", what=what, instance=instance)


def warning(what: str, fix: str, *, instance: str = "") -> Finding:
    """Not in order; nothing is lost yet."""
    return Finding(state="warning", what=what, fix=fix, instance=instance)


def fault(what: str, fix: str, *, instance: str = "") -> Finding:
    """Broken."""
    return Finding(state="fault", what=what, fix=fix, instance=instance)


def skipped(why: str, *, instance: str = "", fix: str = "") -> Finding:
    """Nobody looked, and why."""
    return Finding(state="skipped", what=why, instance=instance, fix=fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the checklist: a pure function of what was gathered.

    `needs` names the facts it judges; where one of them is missing, it is not asked.
    """

    id: str
    title: str
    why: str
    needs: tuple[str, ...]
    decide: "Callable[[Facts], Iterable[Finding]]"


def or_ok(findings: Iterable[Finding], what: str) -> Iterator[Finding]:
    """The findings, or that all is well when there is none."""
    found = list(findings)
    yield from found or [ok(what)]
