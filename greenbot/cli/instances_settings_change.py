"""`greenbot instances settings set|apply`: change settings of many numbers, and see that they came into force."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_settings_group import (
    FileArgument,
    ForceOption,
    chosen_for,
    difference_fields,
    difference_words,
    group,
    problem_of,
    wishes_of,
)
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, PartlyDone, StillPending, Stopped, UsageError

if TYPE_CHECKING:
    import asyncio

    from greenbot.account_settings.change import Changer, Result, Times
    from greenbot.account_settings.fleet import ReaderOf, Unread
    from greenbot.account_settings.plan import Plan
    from greenbot.account_settings.wishes import Wish
    from greenbot.config.settings import Instance

ParallelOption = Annotated[
    int, typer.Option("--parallel", metavar="N", min=1, max=40, help="Change at most so many numbers at a time.")
]
TimeoutOption = Annotated[
    str | None,
    typer.Option("--timeout", metavar="DURATION", help="Wait so long for each number to come back; 6m if not given."),
]
_COLUMNS = ("name", "result", "settings", "seconds", "detail")


@group.command("set", tag=True, dry_run=True, yes=True, rows=True)
def set_(
    run: Run,
    words: Annotated[
        list[str],
        typer.Argument(metavar="NAME FIELD=VALUE...", help="A name, a glob or all, unless --tag; then the settings."),
    ],
    parallel: ParallelOption = 8,
    timeout: TimeoutOption = None,
    force: ForceOption = False,
) -> None:
    """Change settings at GREEN-API. Numbers that have the values already are left alone.

    The others restart, for up to 5 minutes: meanwhile they send and receive nothing. It ends when the values
    are in force and the numbers are back. Secrets come from a file, a variable or a program, never as words:
    webhookUrlToken_file=FILE, _env=NAME, _command=PROGRAM, or webhookUrlToken_from=instance.

    Examples:
    greenbot instances settings set grand-kyiv incomingWebhook=yes outgoingWebhook=yes
    greenbot instances settings set "grand-*" delaySendMessagesMilliseconds=15000 --yes
    greenbot instances settings set all webhookUrlToken_from=instance --tag coast -n
    """
    from greenbot.account_settings import wishes
    from greenbot.cli.values import assignment

    names = [word for word in words if "=" not in word]
    given = dict(assignment(word, typed=False) for word in words if "=" in word)
    if len(names) > 1 or not given:
        hint = "Write it like: greenbot instances settings set grand-kyiv incomingWebhook=yes"
        raise UsageError("One name and at least one FIELD=VALUE are needed.", hint=hint)
    wish = wishes.checked(given, force=force)
    chosen = run.settings.select(names[0] if names else None, tag=run.flags.tag)
    _change(run, [(one, wish) for one in chosen], parallel=parallel, timeout=timeout, force=force)


@group.command("apply", instance=True, tag=True, dry_run=True, yes=True, rows=True)
def apply(
    run: Run,
    file: FileArgument,
    parallel: ParallelOption = 8,
    timeout: TimeoutOption = None,
    force: ForceOption = False,
) -> None:
    """Make the settings of numbers what a file wishes; only numbers that differ are changed.

    Each of these restarts, for up to 5 minutes: meanwhile it sends and receives nothing. It ends when the values
    are in force and the numbers are back. Whatever stops it, run it again: what was asked for a moment ago is
    only waited for, and what is in force already is left alone.

    Examples:
    greenbot instances settings apply fleet.toml -n
    greenbot instances settings apply fleet.toml --tag coast --yes
    """
    from greenbot.account_settings.wishes import wish_for

    wishes = wishes_of(run, file, force=force)
    pairs = [(one, wish_for(wishes, one)) for one in chosen_for(run, wishes)]
    _change(run, pairs, parallel=parallel, timeout=timeout, force=force)


def _change(
    run: Run, pairs: "Sequence[tuple[Instance, Wish]]", *, parallel: int, timeout: str | None, force: bool
) -> None:
    import asyncio
    from dataclasses import replace

    from greenbot.account_settings.change import times_of
    from greenbot.cli.values import seconds_of

    run.out.check_rows(_COLUMNS)
    times = times_of(run.environ)
    if timeout is not None:
        times = replace(times, deadline_seconds=seconds_of(timeout))
    wanted = _resolved(run, pairs)
    if run.flags.dry_run:
        _preview(run, asyncio.run(_only_planned(run, wanted, times, force=force)))
        return
    run.must_write()
    from greenbot.account_settings.turn import turn

    with turn(run.settings.paths.run_dir):
        results, stopped = asyncio.run(_planned_and_done(run, wanted, times, parallel=parallel, force=force))
    run.out.rows([_row(one) for one in results], _COLUMNS)
    _end(results, stopped=stopped)


def _resolved(run: Run, pairs: "Sequence[tuple[Instance, Wish]]") -> "dict[str, Mapping[str, str | int]]":
    """Every secret is read before anything is asked: a missing one stops all, nothing having been changed."""
    from greenbot.account_settings.wishes import resolved

    folder = run.settings.paths.config_file.parent
    return {one.name: resolved(wish, one, run.environ, folder) for one, wish in pairs}


async def _only_planned(
    run: Run, wanted: "Mapping[str, Mapping[str, str | int]]", times: "Times", *, force: bool
) -> "list[Plan]":
    from greenbot.cli.instances_settings_group import readers

    async with readers(run) as reader_of:
        return await _plans(run, wanted, reader_of, times, force=force)


async def _planned_and_done(
    run: Run, wanted: "Mapping[str, Mapping[str, str | int]]", times: "Times", *, parallel: int, force: bool
) -> "tuple[list[Result], bool]":
    import asyncio

    from greenbot.account_settings.change import Changer
    from greenbot.account_settings.fleet import side_by_side
    from greenbot.cli.instances_settings_group import readers

    async with readers(run) as reader_of:
        plans = await _plans(run, wanted, reader_of, times, force=force)
        _ask(run, plans)
        with _stopping(run) as stopping:
            changer = Changer(db=run.store, by=run.operator, times=times, stopping=stopping)

            async def one(plan: "Plan") -> "Result":
                return await _carried_out(run, changer, plan, reader_of)

            try:
                return await side_by_side(plans, one, most=parallel), stopping.is_set()
            except asyncio.CancelledError:
                raise Stopped("Stopped at once; what was under way is not known.", hint=_AGAIN) from None


async def _plans(
    run: Run,
    wanted: "Mapping[str, Mapping[str, str | int]]",
    reader_of: "ReaderOf",
    times: "Times",
    *,
    force: bool,
) -> "list[Plan]":
    from greenbot.account_settings.fleet import read_all
    from greenbot.cli.instances_settings_group import READ_AT_ONCE

    found = await read_all(list(wanted), reader_of, most=READ_AT_ONCE, retry_seconds=times.retry_seconds)
    return [_plan(run, name, wanted[name], found[name], times, force=force) for name in wanted]


def _plan(
    run: Run,
    name: str,
    wanted: "Mapping[str, str | int]",
    living: "dict[str, object] | Unread",
    times: "Times",
    *,
    force: bool,
) -> "Plan":
    from greenbot.account_settings.fleet import Unread
    from greenbot.account_settings.plan import Plan, plan
    from greenbot.account_settings.progress import last_change

    if isinstance(living, Unread):
        return Plan(instance=name, kind="problem", wanted=wanted, problem=problem_of(living.error), error=living.error)
    now_ms = run.clock.now_ms()
    return plan(name, wanted, living, last_change(run.store, name), now_ms=now_ms, force_ms=times.force_ms, force=force)


def _ask(run: Run, plans: "Sequence[Plan]") -> None:
    """Show what would be done, and go on with a yes only. Raises `UsageError`."""
    changing = [one for one in plans if one.kind == "change"]
    waiting = [one.instance for one in plans if one.kind in ("underway", "verify")]
    for plan in changing:
        for difference in plan.differences:
            before, after = difference_words(difference)
            run.out.say(f"{plan.instance}: {difference.name} {before} -> {after}")
    if waiting:
        run.out.say(f"Asked for already, to be seen yet: {', '.join(waiting)}.")
    if changing:
        run.confirm(
            f"{len(changing)} of {len(plans)} instances restart, each for up to 5 minutes,"
            " and neither send nor receive meanwhile: this change"
        )


def _stopping(run: Run) -> "_Stopping":
    return _Stopping(run)


class _Stopping:
    """While this context is open, the first Ctrl-C or SIGTERM asks to stop, and the next one ends at once."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> "asyncio.Event":
        import asyncio
        import signal

        self._event = asyncio.Event()
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._numbers = (signal.SIGINT, signal.SIGTERM)
        for number in self._numbers:
            self._loop.add_signal_handler(number, self._on_signal)
        return self._event

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            self._loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if not self._event.is_set():
            self._run.out.say("Stopping: nothing more is begun. Once more ends at once.")
            self._event.set()
        elif self._task is not None:
            self._task.cancel()


async def _carried_out(run: Run, changer: "Changer", plan: "Plan", reader_of: "ReaderOf") -> "Result":
    from greenbot.account_settings.change import Result

    if plan.kind == "problem":
        return Result(plan=plan, word="failed", detail=plan.problem, error=plan.error)
    result = await changer.carry_out(reader_of(plan.instance), plan)
    if result.word not in ("same", "not begun"):
        run.out.say(f"{plan.instance}: {result.word} after {result.seconds:.0f} s")
    return result


def _preview(run: Run, plans: "Sequence[Plan]") -> None:
    """What would be asked of each number that differs, secrets masked."""
    rows = []
    for plan in plans:
        request = _request(run, plan) if plan.kind == "change" else None
        if request is not None and not run.flags.json:
            run.out.block(f"{plan.instance}:\n{request}")
        rows.append(_planned_row(plan) | ({"request": request} if request is not None else {}))
    if run.flags.json:
        run.out.rows(rows, _COLUMNS)
    kinds = [plan.kind for plan in plans]
    for plan in plans:
        if plan.kind == "problem":
            run.out.warn(f"{plan.instance}: {plan.problem}")
    run.out.say(f"{kinds.count('change')} of {len(plans)} instances would be changed and restart. Nothing was changed.")


def _request(run: Run, plan: "Plan") -> str:
    from greenbot.account_settings.fields import shown

    client = run.client(run.settings.instance(plan.instance))
    params = {name: shown(name, value) for name, value in plan.changes.items()}
    return str(client.request_preview("setSettings", params))


def _planned_row(plan: "Plan") -> dict[str, object]:
    words = {"change": "would change", "underway": "asked for already", "verify": "to be seen yet", "problem": "failed"}
    return {
        "name": plan.instance,
        "result": words.get(plan.kind, "same"),
        "fields": difference_fields(plan.differences),
        "detail": plan.problem or None,
    }


def _row(result: "Result") -> dict[str, object]:
    return {
        "name": result.plan.instance,
        "result": result.word,
        "settings": [one.name for one in result.plan.differences],
        "fields": difference_fields(result.plan.differences),
        "seconds": round(result.seconds, 1),
        "detail": result.detail or None,
    }


def _end(results: "Sequence[Result]", *, stopped: bool) -> None:
    """The exit code: 9 when only some are as wished, 8 when all that is missing is the proof."""
    missing = [one for one in results if one.word not in ("changed", "same")]
    if stopped:
        raise Stopped(f"Stopped: {len(results) - len(missing)} of {len(results)} instances are as wished.", hint=_AGAIN)
    if not missing:
        return
    if len(results) == 1:
        raise _error_of(missing[0])
    if all(one.word == "unverified" for one in results):
        raise StillPending("No instance was seen with its new settings yet.", hint=_AGAIN)
    raise PartlyDone(f"{len(results) - len(missing)} of {len(results)} instances are as wished.", hint=_AGAIN)


_AGAIN = "Run the same again: only what is missing is done."


def _error_of(result: "Result") -> GreenbotError:
    if result.error is not None:
        return result.error
    name = result.plan.instance
    if result.word == "unverified":
        return StillPending(f"The change of {name} was not seen yet: {result.detail}.", hint=_AGAIN, instance=name)
    return UsageError(result.detail, hint=None, instance=name)
