"""Scenarios: a TOML file of steps that play in the simulated world, and of facts that must hold after.

name = "lost-reply"
[[step]]
do = "fault"
rule = "drop-reply method=sendMessage count=1"
[[assert]]
executions = 1
method = "sendMessage"
"""

import asyncio
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from greenbot.simulator.scenario_claims import CLAIMS, Before, check
from greenbot.simulator.scenario_steps import STEPS, Table, prepare_instance
from greenbot.simulator.world import World

_COMMON: Final = frozenset({"do", "instance"})


class ScenarioError(ValueError):
    """The file is not a scenario; the words name the step or the assert and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario that was read and checked."""

    name: str
    about: str = ""
    instances: tuple[Table, ...] = ()
    steps: tuple[Table, ...] = ()
    asserts: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReport:
    """What was played and what did not hold; no failures means that the scenario passed."""

    name: str
    steps: tuple[str, ...]
    checked: int
    failures: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """True when every step worked and every assert held."""
        return not self.failures

    def to_json(self) -> Table:
        """The report as plain data."""
        return {
            "name": self.name,
            "passed": self.passed,
            "steps": list(self.steps),
            "checked": self.checked,
            "failures": list(self.failures),
        }


# -- reading


def parse(text: str) -> Scenario:
    """Reads and checks the text of a scenario.

    Raises:
        ScenarioError: the text is not TOML, or a step or an assert is unknown.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as reason:
        raise ScenarioError(f"not TOML: {reason}") from None
    unknown = set(data) - {"name", "about", "instance", "step", "assert"}
    if unknown:
        raise ScenarioError(f"a scenario has no {min(unknown)!r}")
    script = Scenario(
        name=str(data.get("name", "scenario")),
        about=str(data.get("about", "")),
        instances=_tables(data, "instance"),
        steps=_tables(data, "step"),
        asserts=_tables(data, "assert"),
    )
    for number, step in enumerate(script.steps, start=1):
        _check_step(number, step)
    for number, claim in enumerate(script.asserts, start=1):
        _check_claim(number, claim)
    return script


def _tables(data: Table, name: str) -> tuple[Table, ...]:
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ScenarioError(f"write [[{name}]] above each {name}")
    return tuple(value)


def _check_step(number: int, step: Table) -> None:
    do = step.get("do")
    if do not in STEPS:
        raise ScenarioError(f"step {number}: do={do!r} is not one of {', '.join(STEPS)}")
    required, optional, _ = STEPS[str(do)]
    _check_keys(f"step {number} ({do})", step, required=required, allowed=required | optional | _COMMON)


def _check_claim(number: int, claim: Table) -> None:
    subjects = [name for name in CLAIMS if name in claim]
    if len(subjects) != 1:
        raise ScenarioError(f"assert {number}: needs exactly one of {', '.join(CLAIMS)}")
    allowed, _ = CLAIMS[subjects[0]]
    _check_keys(f"assert {number}", claim, required=frozenset(), allowed=allowed | {subjects[0], "instance"})


def _check_keys(where: str, table: Table, *, required: frozenset[str], allowed: frozenset[str]) -> None:
    if missing := required - set(table):
        raise ScenarioError(f"{where}: {min(missing)} is missing")
    if unknown := set(table) - allowed:
        raise ScenarioError(f"{where}: {min(unknown)!r} is unknown; allowed: {', '.join(sorted(allowed))}")


def shipped_names() -> list[str]:
    """The scenarios that come with the program."""
    folder = resources.files("greenbot.simulator") / "scenarios"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def shipped(name: str) -> Scenario:
    """One of the scenarios that come with the program.

    Raises:
        ScenarioError: there is none of this name.
    """
    if name not in shipped_names():
        raise ScenarioError(f"no scenario is called {name!r}; there are {', '.join(shipped_names())}")
    folder = resources.files("greenbot.simulator") / "scenarios"
    return parse((folder / f"{name}.toml").read_text(encoding="utf-8"))


# -- playing


async def run(world: World, path: Path) -> ScenarioReport:
    """Reads the file and plays it.

    Raises:
        ScenarioError: the file is not a scenario. OSError: it cannot be read.
    """
    return await play(world, parse(await asyncio.to_thread(path.read_text, encoding="utf-8")))


async def play(world: World, script: Scenario) -> ScenarioReport:
    """Plays the steps in order, then checks the asserts; a step that fails ends the play.

    A step or an assert that names no instance means the scenario's own, where it declares exactly one. What
    happened before the play does not count, and the faults it armed do not outlive it.
    """
    done: list[str] = []
    before = Before.of(world)
    armed = {fault.number for fault in world.faults.list()}
    try:
        for table in script.instances:
            if table.get("id") not in world.instances:
                prepare_instance(world, table)
        for number, step in enumerate(script.steps, start=1):
            done.append(f"{number}. {await _play_step(world, _addressed(script, step))}")
    except (ValueError, KeyError) as reason:
        failure = f"step {len(done) + 1}: {reason}"
        return ScenarioReport(name=script.name, steps=tuple(done), checked=0, failures=(failure,))
    finally:
        for fault in world.faults.list():
            if fault.number not in armed:
                world.faults.clear(fault.number)
    claims = [_addressed(script, claim) for claim in script.asserts]
    failures = [finding for claim in claims if (finding := check(world, claim, before))]
    return ScenarioReport(name=script.name, steps=tuple(done), checked=len(script.asserts), failures=tuple(failures))


def _addressed(script: Scenario, table: Table) -> Table:
    """The step or assert with the scenario's only instance, if it speaks of one and names none."""
    own = [instance.get("id") for instance in script.instances]
    if len(own) != 1 or "instance" in table or table.get("do") in ("fault", "clear-faults", "wait", "advance"):
        return table
    return {**table, "instance": own[0]} if "fault" not in table else table


async def _play_step(world: World, step: Table) -> str:
    _, _, action = STEPS[str(step["do"])]
    return f"{step['do']}: {await action(world, step)}"
