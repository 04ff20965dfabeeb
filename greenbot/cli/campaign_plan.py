"""From the options of `campaign plan` to a stored plan, and how it is shown."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.cli.values import assignment, seconds_of, text_of
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.campaigns.campaign import Rules
    from greenbot.campaigns.plan import Plan

#: More lines than this are a matter for the report.
_SHOWN_PROBLEMS = 20
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as typed."""

    file: str
    template: str | None
    text: str | None
    name: str | None
    columns: tuple[str, ...]
    spacing: str
    max_per_day: int | None
    quiet_hours: str
    abort_above: str | None
    expire: str | None
    service: bool
    encoding: str | None
    seed: int | None


def make(run: Run, asked: Asked) -> "Plan":
    """Make the plan and, without --dry-run, keep it. Raises `UsageError` for what concerns the whole list."""
    from dataclasses import replace

    from greenbot.campaigns import table
    from greenbot.campaigns.csv_text import read_sheet
    from greenbot.campaigns.plan import Wanted, make_plan

    text = _text(run, asked)
    rules = _rules(run, asked)
    sheet = read_sheet(_content(asked.file), language=run.instance.language, encoding=asked.encoding)
    wanted = Wanted(
        name=table.free_name(run.store, _name(asked)) if asked.name is None else _checked_name(asked.name),
        source="stdin" if asked.file == "-" else Path(asked.file).name,
        text=text,
        template=asked.template,
        columns={gap: str(column) for gap, column in (assignment(item, typed=False) for item in asked.columns)},
        country_code=run.instance.country_code,
    )
    now = run.clock.now_ms()
    plan = make_plan(sheet, wanted, rules, table.around(run.store, rules.instance, now), begin_ms=now)
    if not run.flags.dry_run:
        saved = table.save(run.store, plan, run.clock)
        plan = replace(plan, wanted=replace(plan.wanted, name=saved.name))
    return plan


def _text(run: Run, asked: Asked) -> str:
    if (asked.text is None) == (asked.template is None):
        raise UsageError("Which text shall they get?", hint="Give either --template NAME or --text TEXT.")
    if asked.template is not None:
        from greenbot.campaigns.templates import get

        return get(run.store, asked.template).text
    if asked.text == "-" and asked.file == "-":
        raise UsageError("List and text cannot both come from stdin.", hint="Give the text as --text @FILE.")
    return text_of(asked.text, what="text")


def _rules(run: Run, asked: Asked) -> "Rules":
    from greenbot.campaigns.campaign import Rules
    from greenbot.campaigns.localtime import read_quiet, zone_of

    instance = run.instance
    if zone_of(instance.timezone) is None:
        run.out.warn(f"This machine does not know the time zone {instance.timezone}; hours are counted in UTC.")
    return Rules(
        instance=instance.name,
        timezone=instance.timezone,
        message_class="service" if asked.service else "promo",
        policy=instance.ambiguous_policy,  # type: ignore[arg-type]  # the configuration checked the policy
        quiet=read_quiet(asked.quiet_hours),
        spacing_ms=read_spacing(asked.spacing),
        max_per_day=asked.max_per_day,
        abort_above=None if asked.abort_above is None else read_share(asked.abort_above),
        expire_ms=None if asked.expire is None else round(seconds_of(asked.expire) * 1000),
        seed=int.from_bytes(os.urandom(7)) if asked.seed is None else asked.seed,
    )


def read_spacing(text: str) -> tuple[int, int]:
    """`8s-25s`, or one duration for both bounds; milliseconds. Raises `UsageError`."""
    begin, dash, end = text.partition("-")
    least = round(seconds_of(begin) * 1000)
    most = round(seconds_of(end) * 1000) if dash else least
    if most < least:
        raise UsageError(f"The spacing {text} begins with the longer time.", hint="Write it like 8s-25s.")
    return least, most


def read_share(text: str) -> float:
    """`5%` or `0.05`. Raises `UsageError`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 <= share < 1:
        raise UsageError(f"'{text}' is not a share of failures.", hint="Write it like 5%.")
    return share


def _content(file: str) -> bytes:
    if file != "-":
        return Path(file).read_bytes()
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("The list is read from stdin, but nothing is piped in.", hint="Name a FILE, or pipe one in.")
    return sys.stdin.buffer.read()


def _name(asked: Asked) -> str:
    stem = "campaign" if asked.file == "-" else Path(asked.file).stem
    return re.sub(r"[^\w.-]+", "-", stem.lower()).strip("-.")[:_LONGEST_NAME] or "campaign"


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[^\W_][\w.-]*", name) or len(name) > _LONGEST_NAME or name.isdecimal():
        raise UsageError(
            f"A campaign cannot be called '{name}'.", hint="Use letters, digits, dots and -, such as brunch-may"
        )
    return name


def say(run: Run, plan: "Plan") -> None:
    """Show the numbers of a plan on stdout, and each line that was left out on stderr."""
    from greenbot.cli.campaign_show import duration, moment

    estimate, zone = plan.estimate, plan.rules.zone
    _say_problems(run, plan)
    begin, last = estimate.begin_ms, estimate.last_ms
    record = {
        "name": plan.wanted.name,
        "instance": plan.rules.instance,
        "guests": len(plan.rows),
        "ready": plan.count("ready"),
        "new_chats": estimate.new_chats,
        "duplicate": plan.count("duplicate"),
        "suppressed": plan.count("suppressed"),
        "bad": plan.count("bad"),
        "too_late": estimate.too_late,
        "first": None if estimate.first_ms is None else moment(run, estimate.first_ms, zone),
        "last": None if last is None else moment(run, last, zone),
        "duration_s" if run.flags.json else "duration": None if last is None else _length(run, last - begin),
    }
    if run.flags.json:
        problems = [{"line": row.line, "status": row.status, "problem": row.problem} for row in plan.problems]
        record |= {"problems": problems, "assumed_encoding": plan.guessed, "stored": not run.flags.dry_run}
    run.out.record(record, essential="name")
    if run.flags.dry_run:
        run.out.say("Nothing was stored.")
    elif plan.count("ready"):
        name = plan.wanted.name
        run.out.say(f"Nothing was sent. Look at it with: greenbot campaign preview {name}")
        run.out.say(f"Send it with: greenbot campaign start {name}")
    if last is not None and last - begin > 86_400_000:
        run.out.say(f"At this pace it takes {duration(last - begin)}.")


def _length(run: Run, elapsed_ms: int) -> object:
    from greenbot.cli.campaign_show import duration

    return elapsed_ms // 1000 if run.flags.json else duration(elapsed_ms)


def _say_problems(run: Run, plan: "Plan") -> None:
    from greenbot.safe_text import safe_text

    if plan.guessed is not None:
        run.out.warn(f"The file does not say how its letters are coded; {plan.guessed} was assumed. Else: --encoding")
    if run.flags.json:
        return
    for row in plan.problems[:_SHOWN_PROBLEMS]:
        run.out.warn(safe_text(row.problem or ""))
    more = len(plan.problems) - _SHOWN_PROBLEMS
    if more > 0:
        run.out.warn(f"{more:,} more lines are left out; greenbot campaign report {plan.wanted.name} names each.")
    if plan.estimate.too_late:
        run.out.warn(f"{plan.estimate.too_late:,} guests would come too late for --expire and get no message.")
