"""The group `greenbot alerts …` itself, and what several of its commands use."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Flags, Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.alerts.rule import Rule
    from greenbot.db.connect import Db

group = Group("alerts", "Be told when something is wrong: rules, what fires, silences, receivers, rehearsals.")

#: How bad a state is, the worst first; a rule stands as the worst of its alerts does.
WORST_FIRST = ("firing", "recovering", "nodata", "pending", "resolved", "inactive", "unknown")
#: An evaluator that made no turn for so long is gone.
GONE_MS = 60_000

LAST_TURN = "select done_at_ms from duties where name = 'evaluator'"
LAST = "select owner, boot_id, done_at_ms from duties where name = 'evaluator'"


def rule_names(incomplete: str) -> list[str]:
    """For the shell's completion; a store that cannot be read completes nothing and says nothing."""
    from greenbot.alerts.table import all_of
    from greenbot.errors import GreenbotError

    try:
        run = Run.begin(Flags(read_only=True))
        names = [rule.name for rule in all_of(run.store)]
        run.close()
    except GreenbotError:
        return []
    return [name for name in names if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="The rule's name.", autocompletion=rule_names)]


def rules_store(run: Run) -> "Db":
    """The store with the rules every installation begins with."""
    if not run.read_only:
        from greenbot.alerts.defaults import install

        install(run.store, run.clock)
    return run.store


def asks_for(rule: "Rule") -> str:
    """What a rule asks for on one line: `error_rate >= 10% over 5m for 5m`."""
    from greenbot.alerts.measures import MEASURES, unit_of
    from greenbot.alerts.units import duration_text, threshold_text

    unit = unit_of(rule.metric)
    is_long = unit == "ms" and rule.threshold >= 60_000 and rule.threshold % 1000 == 0
    threshold = duration_text(round(rule.threshold / 1000)) if is_long else threshold_text(rule.threshold, unit)
    words = [rule.metric, rule.op, threshold]
    measure = MEASURES.get(rule.metric)
    if measure is None or measure.has_window:
        words += ["over", duration_text(rule.window_s)]
    if rule.for_s:
        words += ["for", duration_text(rule.for_s)]
    return " ".join(words)


def whom(rule: "Rule") -> str:
    """Which instances a rule watches: a pattern, `fleet`, or both."""
    return {"instance": rule.instances, "fleet": "fleet", "both": f"{rule.instances} and fleet"}[rule.scope]


def moment_text(run: Run, at_ms: int | None) -> str | None:
    """A moment as its reader wants it: local for a person, RFC 3339 for a program."""
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    if at_ms is None:
        return None
    by_hand = run.out.for_person and not (run.flags.json or run.flags.csv)
    return local_time(at_ms) if by_hand else iso_utc(at_ms)


def looked_at_ms(db: "Db") -> int | None:
    """When the evaluator of a service made its last turn; None for never."""
    found = db.scalar(LAST_TURN)
    return found if isinstance(found, int) and found else None


def is_watched(run: Run) -> bool:
    """Whether somebody looks at the rules: the last turn was lately, and whoever made it still runs."""
    from greenbot.outbox.owner import seems_alive

    row, paths = run.store.one(LAST), run.settings.paths
    if row is None or run.clock.now_ms() - row["done_at_ms"] > GONE_MS:
        return False
    return seems_alive(paths.run_dir, run.clock, row["owner"], row["boot_id"])


def unwatched_words(at_ms: int | None, now_ms: int) -> str:
    """What to say when nobody looks, and how to change that."""
    from greenbot.cli.values import short_duration

    since = "yet" if at_ms is None else f"for {short_duration((now_ms - at_ms) // 1000)}"
    return f"No service has looked at the rules {since}, so nothing new is noticed. Start one with: greenbot serve"
