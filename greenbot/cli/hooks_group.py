"""The group `greenbot hooks …` itself, and what several of its commands use."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Flags, Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.hooks.hook import Hook
    from greenbot.hooks.table import Count

group = Group("hooks", "Pass events on: to a URL of yours, or to a program.")


def hook_names(incomplete: str) -> list[str]:
    """For the shell's completion; a store that cannot be read completes nothing and says nothing."""
    from greenbot.errors import GreenbotError
    from greenbot.hooks.table import all_of

    try:
        run = Run.begin(Flags(read_only=True))
        names = [hook.rule.name for hook in all_of(run.store)]
        run.close()
    except GreenbotError:
        return []
    return [name for name in names if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="The hook's name.", autocompletion=hook_names)]


def described(hook: "Hook", count: "Count", now_ms: int) -> dict[str, object]:
    """One hook as a row."""
    from greenbot.cli.values import Age
    from greenbot.hooks.hook import shown_target

    wanted = hook.rule.wanted
    return {
        "name": hook.rule.name,
        "state": state_of(hook, now_ms),
        "kind": hook.rule.kind,
        "target": shown_target(hook.rule),
        "events": list(wanted.events),
        "instances": wanted.instances if wanted.tag is None else f"{wanted.instances}, tag {wanted.tag}",
        "waiting": count.waiting,
        "dead": count.dead,
        "done": count.done,
        "oldest_s": None if count.oldest_at_ms is None else Age(max(0, now_ms - count.oldest_at_ms) // 1000),
    }


def state_of(hook: "Hook", now_ms: int) -> str:
    """`on`, `off`, or `resting` when its target failed too often."""
    if not hook.is_enabled:
        return "off"
    return "resting" if now_ms < hook.open_until_ms else "on"


def shown(run: Run, name: str) -> None:
    """Print a hook after a change."""
    from greenbot.hooks.table import Count, counts, get

    hook = get(run.store, name)
    run.out.record(described(hook, counts(run.store).get(hook.id, Count()), run.clock.now_ms()), essential="name")
