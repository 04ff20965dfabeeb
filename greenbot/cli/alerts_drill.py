"""`greenbot alerts drill` and `alerts receivers test`: a marked text goes the whole way, until it is proved."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import group, is_watched, rule_names, rules_store
from greenbot.cli.alerts_receivers import Name, receiver_names, receivers
from greenbot.cli.run import Run
from greenbot.errors import CheckFailed, NotFound, StillPending

if TYPE_CHECKING:
    from greenbot.alerts.teller import Teller
    from greenbot.db.connect import Db, Row

DELIVERIES = """
select id, receiver, state, attempts, proof, problem from notice_deliveries
 where id in (select value from json_each(:ids)) order by id
"""
NOTICE = "select state, why from notices where id = :id"
#: The rule of a drill where none is named, if it is still there.
_USUAL = "critical_error_rate"
_LOOK_SECONDS = 0.2
_LATER = "It is tried again for 24 hours."

Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long to wait for the proof.")]
#: The numbers of the deliveries, as soon as they are known.
Ids = Callable[[], Sequence[int]]


@receivers.command("test", dry_run=True)
def test(run: Run, name: Name, timeout: Timeout = "1m") -> None:
    """Tell one receiver something that is marked as a test, and wait until it certainly arrived.

    Exits 0 when it did, 8 when that is not known at --timeout, 11 when it did not.

    Examples:
    greenbot alerts receivers test ops
    greenbot alerts receivers test night --timeout 5m --json
    """
    from greenbot.alerts import receivers as table
    from greenbot.cli.values import seconds_of

    table.get(rules_store(run), name)
    seconds = seconds_of(timeout)
    if run.flags.dry_run:
        run.out.say(f"Would send a test to the receiver {name}.")
        return
    run.must_write()
    number = table.send_test(run.store, name, run.operator)
    _report(run, _followed(run, lambda: [number], seconds), what="The test")


@group.command("drill", instance=True, dry_run=True)
def drill(
    run: Run,
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="Whose alert is played.", autocompletion=rule_names)
    ] = None,
    receiver: Annotated[
        list[str] | None,
        typer.Option(
            "--receiver", metavar="NAME", help="Tell this one instead of the rule's.", autocompletion=receiver_names
        ),
    ] = None,
    timeout: Timeout = "2m",
) -> None:
    """Play an alert: a text marked as a drill goes from the rule over the grouping to its receivers.

    With greenbot serve running, the service carries it, so this proves the whole chain; without, this command does.
    Exits 0 when it certainly arrived everywhere (for WhatsApp: was delivered), 8 when that is not known at
    --timeout, 11 when it did not arrive.

    Examples:
    greenbot alerts drill
    greenbot alerts drill high_error_rate --instance grand-kyiv --timeout 5m
    greenbot alerts drill --receiver night --json
    """
    from greenbot.alerts import drill as engine
    from greenbot.alerts.receivers import deliveries_of, get
    from greenbot.alerts.table import get as rule_called
    from greenbot.cli.values import seconds_of
    from greenbot.safe_text import safe_text

    db = rules_store(run)
    name = rule_called(db, rule).name if rule else _usual_rule(db)
    instance = run.flags.instance or "*"
    seconds = seconds_of(timeout)
    for one in receiver or ():
        get(db, one)
    if run.flags.dry_run:
        run.out.say(safe_text(f"Would play an alert of {name} for {instance}."))
        return
    run.must_write()
    number = engine.begin(db, name, instance, run.operator, receivers=receiver or None)
    rows = _followed(run, lambda: deliveries_of(db, name, [number]), seconds, gives_up=lambda: _is_closed(db, number))
    if not rows:
        _nobody(db, number)
    _report(run, rows, what="The drill")


def _usual_rule(db: "Db") -> str:
    from greenbot.alerts.table import all_of

    names = [rule.name for rule in all_of(db) if rule.enabled]
    if not names:
        raise NotFound("There is no rule to play an alert of.", hint="Add one with: greenbot alerts add --help")
    return _USUAL if _USUAL in names else names[0]


def _is_closed(db: "Db", notice_id: int) -> bool:
    """It will be told to nobody."""
    row = db.one(NOTICE, id=notice_id)
    return row is not None and row["state"] not in ("waiting", "grouped", "told")


def _nobody(db: "Db", notice_id: int) -> None:
    row = db.one(NOTICE, id=notice_id)
    if row is not None and _is_closed(db, notice_id):
        raise CheckFailed(
            f"Nobody was told: {row['why'] or row['state']}.",
            hint="Add somebody with: greenbot alerts receivers add --help",
        )
    raise StillPending("Nobody took the drill up yet.", hint="See: greenbot alerts history --notices")


def _followed(run: Run, ids: Ids, seconds: float, *, gives_up: Callable[[], bool] = lambda: False) -> "list[Row]":
    """The deliveries as they stand when each is settled, or at the end of the time."""
    import asyncio

    watched = is_watched(run)
    if not watched:
        run.out.say("No greenbot serve is running, so this command tells it by itself.")
    with ExitStack() as stack:
        teller = None if watched else _teller(run, stack)
        return asyncio.run(_follow(run, ids, seconds, teller, gives_up))


def _teller(run: Run, stack: ExitStack) -> "Teller":
    from greenbot.alerts.teller import ignore_news
    from greenbot.outbox.owner import Owner
    from greenbot.wiring import make_teller

    owner = stack.enter_context(Owner(run.settings.paths.run_dir))
    return make_teller(lambda: run.settings, run.store, owner, run.clock, environ=run.environ, on_news=ignore_news)


async def _follow(
    run: Run, ids: Ids, seconds: float, teller: "Teller | None", gives_up: Callable[[], bool]
) -> "list[Row]":
    import asyncio
    import json

    deadline = run.clock.monotonic() + seconds
    while True:
        if teller is not None:
            await teller.once()
        rows = run.store.all(DELIVERIES, ids=json.dumps(list(ids())))
        settled = bool(rows) and all(_verdict(row) != "pending" for row in rows)
        if settled or gives_up() or run.clock.monotonic() >= deadline:
            return rows
        await asyncio.sleep(_LOOK_SECONDS)


def _verdict(row: "Row") -> str:
    """`arrived`, `pending`, or `failed` where an attempt came to nothing."""
    if row["state"] == "proved":
        return "arrived"
    is_lost = row["state"] in ("failed", "dropped") or (row["state"] == "waiting" and row["problem"])
    return "failed" if is_lost else "pending"


def _report(run: Run, rows: "list[Row]", *, what: str) -> None:
    """Each receiver on a line, and the exit code. Raises CheckFailed, StillPending."""
    shown: list[dict[str, object]] = [
        {
            "receiver": row["receiver"],
            "result": _verdict(row),
            "attempts": row["attempts"],
            "words": row["problem"] or row["proof"] or "",
        }
        for row in rows
    ]
    run.out.rows(shown, ("receiver", "result", "attempts", "words"))
    lost = [str(one["receiver"]) for one in shown if one["result"] == "failed"]
    waiting = [str(one["receiver"]) for one in shown if one["result"] == "pending"]
    if lost:
        later = _LATER if any(row["state"] == "waiting" for row in rows) else None
        raise CheckFailed(f"{what} did not reach {', '.join(lost)}.", hint=later)
    if waiting:
        raise StillPending(
            f"{what} is on its way to {', '.join(waiting)}; whether it arrived is not known yet.",
            hint="See later with: greenbot alerts receivers list",
        )
