"""What has to change at which number: wishes against what GREEN-API says now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from greenbot.account_settings.fields import Value, same, shown
from greenbot.account_settings.progress import Change

if TYPE_CHECKING:
    from greenbot.errors import GreenbotError

#: GREEN-API docs: a change may need up to five minutes to come into force.
FORCE_MS = 300_000

Kind = Literal["same", "change", "underway", "verify", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting that is not as it should be. `is_known`: GREEN-API showed it."""

    name: str
    living: object
    wanted: Value
    is_known: bool = True

    def words(self) -> tuple[object, object]:
        """Before and after, secrets masked; two masked values that differ are told apart by a word."""
        before, after = shown(self.name, self.living), shown(self.name, self.wanted)
        return before, f"{after} (another one)" if before == after else after


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done at one number.

    `underway`: this very change was asked for a moment ago, so it is waited for, `wait_ms` at most, before it is asked
    for again.
    `verify`: the values are there, and nobody has seen yet that the number came back.
    """

    instance: str
    kind: Kind
    wanted: Mapping[str, Value] = field(default_factory=dict, repr=False)
    living: Mapping[str, object] = field(default_factory=dict, repr=False)
    differences: tuple[Difference, ...] = ()
    state_before: str | None = None
    wait_ms: int = 0
    problem: str = ""
    error: "GreenbotError | None" = None

    @property
    def changes(self) -> dict[str, Value]:
        """What setSettings is asked for: nothing that is so already."""
        return {one.name: one.wanted for one in self.differences}


def differences(wanted: Mapping[str, Value], living: Mapping[str, object]) -> tuple[Difference, ...]:
    """The settings that are not as wished."""
    return tuple(
        Difference(name=name, living=living.get(name), wanted=value, is_known=name in living)
        for name, value in wanted.items()
        if name not in living or not same(value, living[name])
    )


def plan(
    instance: str,
    wanted: Mapping[str, Value],
    living: Mapping[str, object],
    last: Change | None,
    *,
    now_ms: int,
    force_ms: int = FORCE_MS,
    force: bool = False,
) -> Plan:
    """What is to be done at a number whose settings were read a moment ago.

    A setting that GREEN-API does not show could never be verified, and would reboot the number at every run: it is a
    problem, unless `force`.
    """
    found = differences(wanted, living)
    hidden = [one.name for one in found if not one.is_known]
    base = {"instance": instance, "wanted": wanted, "living": living, "differences": found}
    if hidden and not force:
        problem = f"GREEN-API does not show {', '.join(hidden)} for this number; nothing was changed. --force sends it."
        return Plan(**base, kind="problem", problem=problem)  # type: ignore[arg-type]  # the fields above
    if last is None or not last.is_open:
        return Plan(**base, kind="change" if found else "same")  # type: ignore[arg-type]  # the fields above
    waited_ms = now_ms - last.begun_at_ms
    kind: Kind = "change" if found else "verify"
    if found and 0 <= waited_ms < force_ms and last.covers({one.name: one.wanted for one in found}):
        kind = "underway"
    before = None if kind == "change" else last.state_before
    wait_ms = force_ms - waited_ms if kind == "underway" else 0
    return Plan(**base, kind=kind, state_before=before, wait_ms=wait_ms)  # type: ignore[arg-type]  # the fields above
