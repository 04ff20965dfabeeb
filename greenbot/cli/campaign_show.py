"""How campaigns look on the screen: their numbers, a bar while they run, and the report."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.cli.output import Output
from greenbot.cli.run import Run
from greenbot.clock import iso_utc
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.campaigns.campaign import Campaign
    from greenbot.campaigns.report import ReportLine, Summary

OnProgress = Callable[[int, int], None]

REPORT_COLUMNS = ("line", "chat_id", "status", "at", "message_id", "remote_id", "why")
_LOOK_SECONDS = 1.0
#: Where there is no screen to draw on, a line now and then.
_TALK_SECONDS = 30.0


def moment(run: Run, moment_ms: int, zone: tzinfo) -> str:
    """Local time with its zone for a person, RFC 3339 UTC for a program."""
    if run.flags.json or not run.out.for_person:
        return iso_utc(moment_ms)
    from greenbot.campaigns.localtime import local

    return f"{local(moment_ms, zone):%Y-%m-%d %H:%M %Z}"


def duration(elapsed_ms: int) -> str:
    """`2 d 3 h`, `4 h 10 min`, `5 min`, `12 s`: the two largest units."""
    rest = max(0, elapsed_ms // 1000)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def say(run: Run, campaign: "Campaign") -> None:
    """One campaign with its numbers."""
    from greenbot.campaigns.report import summary
    from greenbot.campaigns.table import by_id

    campaign = by_id(run.store, campaign.id)
    found = summary(run.store, campaign)
    run.out.record(_record(run, found), essential="state")
    _advise(run, found)


def _record(run: Run, found: "Summary") -> dict[str, object]:
    campaign, zone = found.campaign, found.campaign.rules.zone
    began = campaign.started_at_ms
    return {
        "name": campaign.name,
        "state": found.standing,
        "why": campaign.why,
        "instance": campaign.rules.instance,
        **found.counts(),
        "began": None if began is None else moment(run, began, zone),
        "next": None if found.next_ms is None else moment(run, found.next_ms, zone),
        "last": None if found.last_ms is None else moment(run, found.last_ms, zone),
    }


def _advise(run: Run, found: "Summary") -> None:
    from greenbot.campaigns.campaign import READY, Standing

    name = found.campaign.name
    if found.standing is Standing.STARTING and found.tally.of(READY):
        run.out.say(
            f"{found.tally.of(READY):,} guests are not handed over yet. Go on with: greenbot campaign start {name}"
        )
    elif found.standing is Standing.PAUSED:
        because = _PAUSED.get(found.campaign.why or "", "It is paused.")
        run.out.say(f"{because} Let it go on with: greenbot campaign resume {name}")


_PAUSED = {
    "failing": "It stopped by itself: too many messages fail.",
    "number_restricted": "It stopped by itself: WhatsApp restricted the number. Send nothing in bulk for some days.",
    "restored": "A backup was restored: guests may have been written to since.",
}


def list_all(run: Run) -> None:
    """All campaigns, the newest first."""
    from greenbot.campaigns.report import summary
    from greenbot.campaigns.table import listed

    instance = run.instance.name if run.flags.instance else None
    rows = [_record(run, summary(run.store, campaign)) for campaign in listed(run.store, instance=instance)]
    columns = ("name", "state", "instance", "guests", "sent", "waiting", "failed")
    more = ("uncertain", "expired", "cancelled", "suppressed", "duplicate", "bad", "began", "next", "last", "why")
    run.out.rows(rows, columns, more=more, empty="No campaign yet.")


def follow(run: Run, campaign: "Campaign") -> None:
    """Stay, with a bar on a terminal, until nothing of it will leave by itself any more."""
    from greenbot.campaigns.campaign import Standing
    from greenbot.campaigns.report import summary
    from greenbot.campaigns.table import by_id

    with guests_bar(run, "Sending") as on_progress:
        while True:
            found = summary(run.store, by_id(run.store, campaign.id))
            on_progress(found.tally.planned - found.tally.open, found.tally.planned)
            if found.standing not in (Standing.STARTING, Standing.RUNNING):
                return
            run.clock.sleep(_LOOK_SECONDS)


@contextmanager
def guests_bar(run: Run, title: str, *, least: int = 0) -> Iterator[OnProgress]:
    """A function to call with (done, all) guests: a bar on a terminal, a line now and then elsewhere.

    Fewer than `least` guests are gone before a bar could be read.
    """
    if run.flags.quiet or run.flags.json:
        yield _ignore
    elif not run.out.stderr.isatty():
        yield _Lines(run, title)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(file=run.out.stderr, no_color=run.out.no_color, markup=False, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=console, transient=True)
        task = bar.add_task(title, total=None)

        def update(done: int, all_: int) -> None:
            if all_ >= least:
                bar.start()
                bar.update(task, completed=done, total=all_)

        try:
            yield update
        finally:
            bar.stop()


def _ignore(done: int, all_: int) -> None:
    """Nobody watches."""


class _Lines:
    """Says how far it is, at most every half minute."""

    def __init__(self, run: Run, title: str) -> None:
        self._run = run
        self._title = title
        self._said_at = run.clock.monotonic()

    def __call__(self, done: int, all_: int) -> None:
        now = self._run.clock.monotonic()
        if now - self._said_at >= _TALK_SECONDS:
            self._said_at = now
            self._run.out.say(f"{self._title}: {done:,} of {all_:,} guests.")


def write_report(run: Run, campaign: "Campaign", *, status: str | None, output: str | None) -> None:
    """The report on stdout, or in a file of its own readable by nobody else."""
    from greenbot.campaigns.report import lines

    as_csv = run.flags.csv or (output is not None and not run.flags.json)
    found = (line for line in lines(run.store, campaign) if status is None or line.status == status)
    rows = (_report_row(line, absent="" if as_csv else None) for line in found)
    if output is None:
        run.out.rows(rows, REPORT_COLUMNS, empty="No such line.")
        return
    _to_file(run, rows, Path(output))
    run.out.say(f"Wrote {output}.")


def _report_row(line: "ReportLine", *, absent: str | None) -> dict[str, object]:
    values = {
        "line": line.line,
        "chat_id": line.chat_id,
        "status": line.status,
        "at": None if line.at_ms is None else iso_utc(line.at_ms),
        "message_id": line.message_id,
        "remote_id": line.remote_id,
        "why": line.why,
    }
    return {name: absent if value is None else value for name, value in values.items()}


def _to_file(run: Run, rows: Iterable[dict[str, object]], path: Path) -> None:
    from dataclasses import replace

    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint="Name a file, such as report.csv")
    flags = replace(run.flags, csv=not run.flags.json, quiet=False)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    # Excel takes UTF-8 for its own code page unless the file begins with this mark.
    encoding = "utf-8" if run.flags.json else "utf-8-sig"
    with os.fdopen(descriptor, "w", encoding=encoding, newline="") as file:
        Output(flags, stdout=file, stderr=sys.stderr, no_color=True).rows(rows, REPORT_COLUMNS)
