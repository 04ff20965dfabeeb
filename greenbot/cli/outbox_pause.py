"""`greenbot outbox pause|resume`: the whole queue of an instance."""

from typing import Annotated

import typer

from greenbot.cli.outbox_group import group, wake_workers
from greenbot.cli.run import Run
from greenbot.errors import PartlyDone, Refused


@group.command("pause", instance=True, tag=True, dry_run=True)
def pause(
    run: Run,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for whoever wonders.")] = "",
) -> None:
    """Let nothing of an instance leave until it is resumed; messages are still accepted.

    Examples:
    greenbot outbox pause --instance grand-kyiv --why "the phone is being replaced"
    greenbot outbox pause --tag coast
    """
    from greenbot.outbox import pauses

    if run.flags.dry_run:
        _would(run, "pause")
        return
    run.must_write()
    names = [instance.name for instance in run.instances]
    done, refused = [], []
    for name in names:
        try:
            pauses.pause(run.store, name, reason=why.strip(), by=run.operator)
        except Refused as error:
            refused.append(error)
        else:
            done.append(name)
    _report(run, done, refused, "paused")


@group.command("resume", instance=True, tag=True, dry_run=True)
def resume(run: Run) -> None:
    """Let the queue of a paused instance go on.

    Examples:
    greenbot outbox resume --instance grand-kyiv
    """
    from greenbot.outbox import pauses

    if run.flags.dry_run:
        _would(run, "resume")
        return
    run.must_write()
    done, refused = [], []
    for instance in run.instances:
        try:
            pauses.resume(run.store, instance.name, by=run.operator)
        except Refused as error:
            refused.append(error)
        else:
            done.append(instance.name)
    if done:
        wake_workers(run)
    _report(run, done, refused, "resumed")


def _would(run: Run, verb: str) -> None:
    run.out.rows([{"instance": instance.name, "result": f"would {verb}"} for instance in run.instances], _COLUMNS)
    run.out.say("Nothing was changed.")


_COLUMNS = ("instance", "result")


def _report(run: Run, done: list[str], refused: list[Refused], past: str) -> None:
    if refused and not done and len(refused) == 1:
        raise refused[0]
    run.out.rows([{"instance": name, "result": past} for name in done], _COLUMNS)
    for error in refused:
        run.out.warn(str(error))
    if refused:
        words = f"{len(done)} of {len(done) + len(refused)} instances were {past}."
        raise PartlyDone(words) if done else Refused(words)
