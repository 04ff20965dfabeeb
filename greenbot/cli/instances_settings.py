"""`greenbot instances settings get|diff`: what GREEN-API says of many numbers, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
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
    read_fleet,
    refuse_unread,
    wishes_of,
)
from greenbot.cli.run import Run
from greenbot.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from greenbot.account_settings.fleet import Unread
    from greenbot.account_settings.plan import Difference
    from greenbot.account_settings.wishes import Wishes
    from greenbot.config.settings import Instance

Living = Mapping[str, Mapping[str, object]]


@group.command("get", instance=True, tag=True, rows=True)
def get(
    run: Run,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME] [FIELD]...", help="A name, a glob or all; then the settings to show."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write them as a file for diff and apply.")
    ] = None,
) -> None:
    """Read the settings of numbers from GREEN-API; secrets are masked.

    For many numbers and no FIELD, the settings in which they differ are shown.

    Examples:
    greenbot instances settings get grand-kyiv
    greenbot instances settings get all webhookUrl delaySendMessagesMilliseconds
    greenbot instances settings get --tag coast --csv
    greenbot instances settings get all --save fleet.toml
    """
    from greenbot.account_settings.fleet import Unread

    pattern, fields = _parted(words or [])
    pattern = pattern or run.flags.instance or (None if run.flags.tag else "all")
    chosen = run.settings.select(pattern, tag=run.flags.tag)
    if save is not None:
        run.must_write()
    found = read_fleet(run, chosen)
    living = {name: one for name, one in found.items() if not isinstance(one, Unread)}
    _check_fields(fields, living)
    if save is not None:
        refuse_unread(found)
        _save(run, run.cwd / save, living)
        return
    if len(chosen) == 1:
        refuse_unread(found)
    _show(run, found, fields)
    refuse_unread(found)


def _parted(words: list[str]) -> tuple[str | None, list[str]]:
    """The name in front, unless the first word is a setting, and the settings."""
    from greenbot.account_settings.fields import FIELDS, OBSOLETE, READ_ONLY

    if words and words[0] not in (*FIELDS, *OBSOLETE, *READ_ONLY):
        return words[0], words[1:]
    return None, words


def _check_fields(fields: Sequence[str], living: Living) -> None:
    from greenbot.account_settings.fields import FIELDS, OBSOLETE, READ_ONLY, nearest

    shown = {field for one in living.values() for field in one}
    for field in fields:
        if field not in {*shown, *FIELDS, *OBSOLETE, *READ_ONLY}:
            near = nearest(field)
            hint = f"Did you mean {near}?" if near else "Leave it out and all are shown."
            raise UsageError(f"GREEN-API has no setting '{field}'.", hint=hint)


def _show(run: Run, found: "Mapping[str, dict[str, object] | Unread]", fields: list[str]) -> None:
    rows = [_row(name, one, fields) for name, one in found.items()]
    if run.flags.json:
        run.out.rows([_as_json(row) for row in rows], ("name",))
        return
    if len(rows) == 1 and not run.flags.csv and run.flags.columns is None:
        run.out.record(rows[0] if not fields else _without_name(rows[0]), essential=fields[0] if fields else "name")
        return
    every = list(dict.fromkeys(name for row in rows for name in row if name not in ("name", "problem")))
    first = fields or (every if run.flags.csv else [name for name in every if name != "wid" and _differs(name, rows)])
    problem = ["problem"] if any("problem" in row for row in rows) else []
    rest = [name for name in every if name not in first]
    if rest and not fields and not run.flags.csv and not run.flags.quiet and run.flags.columns is None:
        run.out.say(f"The other {len(rest)} settings are the same everywhere; -v shows them too.")
    run.out.rows(rows, ("name", *first, *problem), more=rest)


def _row(name: str, found: "dict[str, object] | Unread", fields: list[str]) -> dict[str, object]:
    from greenbot.account_settings.fields import shown
    from greenbot.account_settings.fleet import Unread

    if isinstance(found, Unread):
        return {"name": name, "problem": problem_of(found.error)}
    return {"name": name} | {field: shown(field, found.get(field)) for field in fields or found}


def _without_name(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "name"}


def _as_json(row: Mapping[str, object]) -> dict[str, object]:
    if "problem" in row:
        return dict(row)
    return {"name": row["name"], "settings": _without_name(row)}


def _differs(name: str, rows: Sequence[Mapping[str, object]]) -> bool:
    values = [row.get(name) for row in rows if "problem" not in row]
    return any(value != values[0] for value in values)


def _save(run: Run, path: Path, living: Living) -> None:
    from greenbot.account_settings.saving import text_of

    if path.exists():
        run.confirm(f"Replacing {path}")
    text = text_of(living, whole=len(living) == len(run.settings.instances))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}.", hint="Name a file in a folder of yours."
        ) from None
    run.out.say(
        f"The settings of {len(living)} instances are in {path}. Compare: greenbot instances settings diff {path}"
    )


@group.command("diff", instance=True, tag=True, rows=True)
def diff(
    run: Run,
    file: FileArgument,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 11 when anything differs.")] = False,
    force: ForceOption = False,
) -> None:
    """Compare numbers with a file of wished settings; only what differs is shown, and nothing is changed.

    Examples:
    greenbot instances settings diff fleet.toml
    greenbot instances settings diff fleet.toml --tag coast --json
    """
    wishes = wishes_of(run, file, force=force)
    chosen = chosen_for(run, wishes)
    found = read_fleet(run, chosen)
    differing = _compared(run, wishes, chosen, found)
    refuse_unread(found)
    if not differing:
        run.out.say(f"No difference: {len(chosen)} of {len(chosen)} instances are as the file wishes.")
    elif not run.flags.json:
        run.out.say(
            f"{differing} of {len(chosen)} instances differ. Change them: greenbot instances settings apply {file}"
        )
    if differing and exit_code:
        raise CheckFailed(f"{differing} of {len(chosen)} instances differ from {file}.")


def _compared(
    run: Run, wishes: "Wishes", chosen: "Sequence[Instance]", found: "Mapping[str, dict[str, object] | Unread]"
) -> int:
    """How many differ; each is shown."""
    from greenbot.account_settings.fleet import Unread
    from greenbot.account_settings.plan import differences
    from greenbot.account_settings.wishes import resolved, wish_for

    folder = run.settings.paths.config_file.parent
    rows: list[dict[str, object]] = []
    count = 0
    for instance in chosen:
        living = found[instance.name]
        if isinstance(living, Unread):
            rows.append({"name": instance.name, "problem": problem_of(living.error)})
            continue
        differing = differences(resolved(wish_for(wishes, instance), instance, run.environ, folder), living)
        count += bool(differing)
        rows += [_as_object(instance.name, differing)] if run.flags.json else _lines(instance.name, differing)
    problem = ["problem"] if any("problem" in row for row in rows) else []
    if rows:
        run.out.rows(rows, ("name", "setting", "is", "should_be", *problem))
    return count


def _as_object(name: str, found: "Sequence[Difference]") -> dict[str, object]:
    return {"name": name, "differs": bool(found), "fields": difference_fields(found)}


def _lines(name: str, found: "Sequence[Difference]") -> list[dict[str, object]]:
    shown = [(one.name, *difference_words(one)) for one in found]
    return [{"name": name, "setting": field, "is": before, "should_be": after} for field, before, after in shown]
