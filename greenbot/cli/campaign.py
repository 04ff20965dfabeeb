"""`greenbot campaign …`: one text to many guests, planned, previewed, paced and followed."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.campaigns.campaign import Campaign

group = Group("campaign", "One text to many guests: plan it, look at it, start exactly that, follow it.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Stay until it is finished or stops.")]


@group.command("plan", instance=True, dry_run=True)
def plan(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file as Excel or LibreOffice saves it, or -.")],
    template: Annotated[
        str | None, typer.Option("--template", "-T", metavar="NAME", help="The stored text to send.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="The text itself, or @file, with gaps like {{name}}.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; the file's name unless said.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="GAP=COLUMN", help="phone, timezone or a gap is in this column. Repeat for more."
        ),
    ] = None,
    spacing: Annotated[
        str, typer.Option("--spacing", metavar="A-B", help="Time between two messages, random within the bounds.")
    ] = "8s-25s",
    max_per_day: Annotated[int | None, typer.Option("--max-per-day", min=1, help="At most so many on one day.")] = None,
    quiet_hours: Annotated[
        str, typer.Option("--quiet-hours", metavar="A-B", help="Nothing in these hours where the guest is; or none.")
    ] = "21:00-09:00",
    abort_above: Annotated[
        str | None, typer.Option("--abort-above", metavar="5%", help="Stop when more than this share fails.")
    ] = None,
    expire: Annotated[
        str | None, typer.Option("--expire", metavar="DURATION", help="Send nothing later than this after the start.")
    ] = None,
    service: Annotated[
        bool, typer.Option("--service", help="No promotion: goes also to guests who said STOP to those.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of the file, where it does not say: cp1251 ...")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**62, help="The same random spacing each time.")
    ] = None,
) -> None:
    """Check a list of guests and write the plan of a campaign. Nothing is sent.

    One column holds phone numbers; every other column can fill a gap of its name. A bad line is named
    and left out, the others go on.

    Examples:
    greenbot campaign plan guests.csv --template late-checkout
    greenbot campaign plan guests.csv --text "Dear {{name|guest}}, brunch on Sunday?" --max-per-day 300
    greenbot campaign plan export.csv -T brunch --map phone=Mobile --map name=C --abort-above 5%
    """
    from greenbot.cli.campaign_plan import Asked, make, say

    asked = Asked(
        file=file,
        template=template,
        text=text,
        name=name,
        columns=tuple(columns or ()),
        spacing=spacing,
        max_per_day=max_per_day,
        quiet_hours=quiet_hours,
        abort_above=abort_above,
        expire=expire,
        service=service,
        encoding=encoding,
        seed=seed,
    )
    if not run.flags.dry_run:
        run.must_write()
    say(run, make(run, asked))


@group.command("preview", rows=True)
def preview(
    run: Run,
    name: Name,
    line: Annotated[int | None, typer.Option("--line", min=1, help="Only the guest on this line of the file.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200_000, help="How many guests.")] = 10,
) -> None:
    """The texts as the first guests would read them. Nothing is sent.

    Examples:
    greenbot campaign preview guests
    greenbot campaign preview guests --line 7
    """
    from itertools import islice

    from greenbot.campaigns.table import by_name, rows_of

    rows = (row for row in rows_of(run.store, by_name(run.store, name).id) if row.text is not None)
    if line is not None:
        rows = (row for row in rows if row.line == line)
    shown = [{"line": row.line, "chat_id": row.chat_id, "text": row.text} for row in islice(rows, limit)]
    run.out.rows(shown, ("line", "chat_id", "text"), empty="No such guest gets a message.")


@group.command("start", dry_run=True, yes=True)
def start(
    run: Run,
    name: Name,
    when: Annotated[
        str | None, typer.Option("--at", metavar="WHEN", help='Begin later: 2h, "tomorrow 10:00", 2026-11-22T08:00.')
    ] = None,
    tz: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="Whose clock --at means, such as Europe/Kyiv; or hotel.")
    ] = None,
    follow: Follow = False,
) -> None:
    """Start exactly the campaign that was planned.

    Every guest is handed to the outbox once; the worker (greenbot outbox run) sends them at the campaign's
    pace. Interrupted, just start it again: it goes on where it was.

    Examples:
    greenbot campaign start guests
    greenbot campaign start guests --at "tomorrow 10:00"
    greenbot campaign start guests --yes --follow
    """
    from greenbot.campaigns.campaign import READY, Standing
    from greenbot.campaigns.handover import start as start_campaign
    from greenbot.campaigns.table import by_name, tally
    from greenbot.cli.campaign_show import follow as follow_campaign
    from greenbot.cli.campaign_show import guests_bar, say

    campaign = by_name(run.store, name)
    begin_ms = _begin(run, campaign, when, tz)
    ready = tally(run.store, campaign.id).of(READY)
    question = f"Send to {ready:,} guests from {campaign.rules.instance}"
    if run.flags.dry_run:
        run.out.say(f"Would hand over: {question[0].lower()}{question[1:]}.")
        return
    run.must_write()
    if campaign.state is Standing.PLANNED:
        run.confirm(question + "?")
    with guests_bar(run, "Handing over", least=1000) as on_progress:
        campaign = start_campaign(run.store, campaign, run.operator, begin_ms=begin_ms, on_progress=on_progress)
    if follow:
        follow_campaign(run, campaign)
    say(run, campaign)


@group.command("status", instance=True, rows=True)
def status(
    run: Run,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The campaign; all without it.")] = None,
    follow: Follow = False,
) -> None:
    """How far a campaign is, or all of them.

    Examples:
    greenbot campaign status
    greenbot campaign status guests --follow
    """
    from greenbot.campaigns.table import by_name
    from greenbot.cli.campaign_show import follow as follow_campaign
    from greenbot.cli.campaign_show import list_all, say

    if name is None:
        list_all(run)
        return
    campaign = by_name(run.store, name)
    if follow:
        follow_campaign(run, campaign)
    say(run, campaign)


@group.command("pause", dry_run=True)
def pause(run: Run, name: Name) -> None:
    """Stop a campaign until it is resumed. What is on its way arrives.

    Examples:
    greenbot campaign pause guests
    """
    from greenbot.campaigns import operate

    campaign = _writable(run, name, "pause")
    if campaign is not None:
        _say(run, operate.pause(run.store, campaign, run.operator))


@group.command("resume", dry_run=True)
def resume(run: Run, name: Name) -> None:
    """Let a paused campaign go on, from now and at its pace.

    Failures so far are forgiven: it stops again only when further ones exceed --abort-above.

    Examples:
    greenbot campaign resume guests
    """
    from greenbot.campaigns import operate
    from greenbot.cli.campaign_show import guests_bar

    campaign = _writable(run, name, "resume")
    if campaign is not None:
        with guests_bar(run, "Handing over", least=1000) as on_progress:
            campaign = operate.resume(run.store, campaign, run.operator, on_progress=on_progress)
        _say(run, campaign)


@group.command("cancel", dry_run=True, yes=True)
def cancel(run: Run, name: Name) -> None:
    """End a campaign: what has not left never will.

    Examples:
    greenbot campaign cancel guests --yes
    """
    from greenbot.campaigns import operate
    from greenbot.campaigns.table import tally

    campaign = _writable(run, name, "cancel")
    if campaign is not None:
        run.confirm(f"Cancel {campaign.name} with {tally(run.store, campaign.id).open:,} messages still to send?")
        _say(run, operate.cancel(run.store, campaign, run.operator))


@group.command("report", rows=True)
def report(
    run: Run,
    name: Name,
    status: Annotated[
        str | None, typer.Option("--status", metavar="WORD", help="Only lines with this end: failed, bad ...")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file, as CSV unless --json.")
    ] = None,
) -> None:
    """Every line of the list and what became of it.

    Examples:
    greenbot campaign report guests --csv
    greenbot campaign report guests --status failed
    greenbot campaign report guests -o report.csv
    """
    from greenbot.campaigns.table import by_name
    from greenbot.cli.campaign_show import write_report

    write_report(run, by_name(run.store, name), status=status, output=output)


def _writable(run: Run, name: str, verb: str) -> "Campaign | None":
    """The campaign, if it is to be changed and not only spoken about."""
    from greenbot.campaigns.table import by_name

    campaign = by_name(run.store, name)
    if run.flags.dry_run:
        run.out.say(f"Would {verb} the campaign {campaign.name}.")
        return None
    run.must_write()
    return campaign


def _begin(run: Run, campaign: "Campaign", when: str | None, tz: str | None) -> int | None:
    """When a campaign is to begin, if not now."""
    if when is None:
        return None
    from greenbot.cli.when import moment, zone_for

    return moment(when, now_ms=run.clock.now_ms(), zone=zone_for(tz, hotel=campaign.rules.timezone))


def _say(run: Run, campaign: "Campaign") -> None:
    from greenbot.cli.campaign_show import say

    say(run, campaign)
