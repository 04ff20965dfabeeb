"""`greenbot config …`: read and change the configuration."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from greenbot.config.listing import Row

group = Group("config", "Read and change the configuration. Secrets are never shown.")

KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Such as api.timeout_seconds or instances.grand-kyiv.tags.")
]


@group.command("list", rows=True)
def list_(
    run: Run,
    origin: Annotated[bool, typer.Option("--origin", help="Show where each value comes from.")] = False,
) -> None:
    """All settings as they hold now.

    Examples:
    greenbot config list
    greenbot config list --origin
    """
    from greenbot.config.listing import rows

    columns = ("key", "value", "origin", "where") if origin else ("key", "value")
    run.out.rows((_shown(row) for row in rows(run.settings)), columns)


def _shown(row: "Row") -> dict[str, object]:
    where = f"{row.file}:{row.line}" if row.file is not None and row.line is not None else row.file or row.name
    return {"key": row.key, "value": row.value, "origin": row.origin, "where": str(where)}


@group.command("get")
def get(run: Run, key: KeyArgument) -> None:
    """One setting.

    Examples:
    greenbot config get api.timeout_seconds
    """
    from greenbot.config.listing import row

    found = row(run.settings, key)
    if run.flags.json:
        run.out.record(_shown(found))
    else:
        run.out.block(found.value)


@group.command("set", dry_run=True)
def set_(
    run: Run,
    key: KeyArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Lists are separated by commas.")],
) -> None:
    """Change a setting in your configuration file; comments stay.

    Examples:
    greenbot config set default_instance grand-kyiv
    greenbot config set instances.grand-kyiv.tags "coast, city"
    """
    from greenbot.config.edit import set_value

    if run.flags.dry_run:
        run.out.say(f"Would set {key} in {run.settings.paths.config_file}.")
        return
    run.must_write()
    set_value(run.settings.paths, key, value)
    run.out.say(f"{key} is set in {run.settings.paths.config_file}.")


@group.command("unset", dry_run=True)
def unset(run: Run, key: KeyArgument) -> None:
    """Remove a setting from your configuration file, so that the default holds.

    Examples:
    greenbot config unset api.timeout_seconds
    """
    from greenbot.config.edit import unset_value

    if run.flags.dry_run:
        run.out.say(f"Would remove {key} from {run.settings.paths.config_file}.")
        return
    run.must_write()
    unset_value(run.settings.paths, key)
    run.out.say(f"{key} is no longer set in {run.settings.paths.config_file}.")


@group.command("path")
def path(run: Run) -> None:
    """Where your configuration file is.

    Examples:
    greenbot config path
    """
    from greenbot.config.paths import find_paths

    found = str(find_paths(run.config_environ, cwd=run.cwd).config_file)
    if run.flags.json:
        run.out.record({"path": found})
    else:
        run.out.block(found)


@group.command("validate")
def validate(run: Run) -> None:
    """Check the whole configuration and name every problem.

    Examples:
    greenbot config validate
    """
    from greenbot.config.load import find_problems

    problems = find_problems(run.config_environ, cwd=run.cwd)
    if problems:
        for problem in problems[:-1]:
            run.out.error(problem)
        raise problems[-1]
    run.out.record({"valid": True, "instances": len(run.settings.instances)})


@group.command("edit")
def edit(run: Run) -> None:
    """Open your configuration file in $VISUAL or $EDITOR; it is saved only if it would load.

    Examples:
    EDITOR=nano greenbot config edit
    """
    from greenbot.config import edit as edits
    from greenbot.config.paths import find_paths

    run.must_write()
    if not run.can_ask:
        raise UsageError("An editor needs a terminal.", hint="Use: greenbot config set KEY VALUE")
    paths = find_paths(run.config_environ, cwd=run.cwd)
    edits.init_file(paths)
    before = paths.config_file.read_text(encoding="utf-8")
    after = _edited(run, before, paths.config_file.parent)
    if after == before:
        run.out.say("Nothing was changed.")
        return
    edits.replace_text(paths, before=before, after=after)
    run.out.say(f"{paths.config_file} is saved.")


def _edited(run: Run, before: str, folder: Path) -> str:
    editor = run.environ.get("VISUAL") or run.environ.get("EDITOR") or "vi"
    descriptor, name = tempfile.mkstemp(prefix=".edit-", suffix=".toml", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as copy:
            copy.write(before)
        # The person's own editor, on a private copy.
        finished = subprocess.run([*shlex.split(editor), name], check=False)  # noqa: S603 - $EDITOR is the person's choice
        if finished.returncode != 0:
            raise CheckFailed(f"The editor ended with {finished.returncode}; nothing was changed.")
        return Path(name).read_text(encoding="utf-8")
    finally:
        Path(name).unlink(missing_ok=True)
