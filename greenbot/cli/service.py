"""`greenbot service …`: files with which other programs run, watch and show greenbot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenbot.installed.situation import Scope, Situation

group = Group("service", "Let the machine run greenbot: systemd, launchd, a container, cron, a proxy.")

#: What `show` can print, and what each is for.
SHOWN = {
    "systemd": "units for systemd: the service, a backup and a report each day",
    "launchd": "the service for macOS",
    "cron": "the same for cron",
    "containerfile": "an image for podman or docker",
    "compose": "one container, read-only and without rights",
    "nginx": "nginx in front: only the webhook path is reached from outside",
    "caddy": "the same for Caddy, which fetches its certificate itself",
    "prometheus": "a job for Prometheus",
    "grafana": "a dashboard for Grafana",
    "lnav": "how lnav reads the log: lnav -i FILE",
    "man": "the manual page of the program",
}
#: One file of several stands for all: the others are shown by their own names, such as greenbot-backup.timer.
ALIASES = {"launchd": "greenbot.serve.plist"}


def _names(incomplete: str) -> list[str]:
    return [name for name in SHOWN if name.startswith(incomplete)]


def output_option(what: str) -> typer.models.OptionInfo:
    """`-o`, which names a file and never a format."""
    option: typer.models.OptionInfo = typer.Option("--output", "-o", metavar="FILE", help=what)
    return option


@group.command("show")
def show(
    run: Run,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Which one; without it, the list.", autocompletion=_names),
    ] = None,
    output: Annotated[str | None, output_option("Write it to this file; units for systemd, into this folder.")] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="NAME", help="Under which GREEN-API reaches your proxy.")
    ] = "hotel.example",
    system: Annotated[bool, typer.Option("--system", help="Units for the whole machine, not for you alone.")] = False,
    account: Annotated[
        str, typer.Option("--account", metavar="USER", help="Whose account a service of the machine uses.")
    ] = "greenbot",
) -> None:
    """Print a file that another program needs: a unit, a container, a proxy, a dashboard.

    Examples:
    greenbot service show
    greenbot service show nginx --host hotel.example
    greenbot service show systemd --system -o units/
    greenbot service show compose -o compose.yaml
    """
    if name is None:
        run.out.rows([{"name": key, "about": about} for key, about in SHOWN.items()], ("name", "about"))
        return
    name = ALIASES.get(name, name)
    of = _situation(run, "system" if system else "user", account=account, host=host)
    if output is not None and name == "systemd":
        _write_units(run, Path(output), of)
        return
    text = _text(name, of, run)
    if output is not None:
        _write(run, Path(output).parent, {Path(output).name: text})
    elif run.flags.json:
        run.out.record({"name": name, "text": text})
    else:
        run.out.stdout.write(text)


def _text(name: str, of: "Situation", run: Run) -> str:
    from greenbot.installed import texts
    from greenbot.installed.manager import systemd

    if name == "man":
        from greenbot.cli.manual import program_page

        return program_page()
    if name == "systemd":
        folder = systemd(of.scope, run.environ, home=Path.home()).folder
        return texts.together(texts.units(of), str(folder))
    files = texts.units(of) | texts.agents(of)
    if name in files:
        return files[name]
    plain = {"containerfile": "Containerfile", "compose": "compose.yaml", "lnav": "lnav.json"}
    if name in plain:
        return texts.as_it_is(plain[name])
    made: dict[str, Callable[[Situation], str]] = {
        "cron": texts.cron,
        "nginx": texts.nginx,
        "caddy": texts.caddy,
        "prometheus": texts.prometheus,
        "grafana": lambda _: texts.grafana(),
    }
    if name not in made:
        raise UsageError(f"There is nothing called '{name}' to show.", hint=f"There are: {', '.join(SHOWN)}")
    return made[name](of)


def _write_units(run: Run, folder: Path, of: "Situation") -> None:
    """Every unit as a file of its own. Raises `UsageError` where a file is named instead of a folder."""
    from greenbot.installed import texts

    units = texts.units(of)
    if folder.suffix or (run.cwd / folder).is_file():
        raise UsageError(
            f"These are {len(units)} files, and {folder} is one.",
            hint=f"Name a folder, such as -o units/, or one unit: greenbot service show greenbot.service -o {folder}",
        )
    _write(run, folder, units)


def _write(run: Run, folder: Path, files: "Mapping[str, str]") -> None:
    """New files, or the same once more; never over what somebody has there. Raises `Refused`."""
    from greenbot.installed.place import compared, write

    run.must_write()
    placed = compared(files, run.cwd / folder)
    for file in placed:
        if file.change == "changed":
            path = folder / file.path.name
            run.out.block(file.diff)
            raise Refused(f"{path} is there already, and says something else.", hint="Name another, or remove it.")
    write(placed)
    for file in placed:
        path = folder / file.path.name
        run.out.say(f"{path} is written." if file.change == "new" else f"{path} holds this already.")


def _situation(run: Run, scope: "Scope", *, account: str = "greenbot", host: str = "hotel.example") -> "Situation":
    from greenbot.errors import GreenbotError
    from greenbot.installed.situation import (
        SYSTEM_HOME,
        SYSTEM_SECRETS,
        Situation,
        credentials_in,
        environment_of,
        program_here,
    )

    try:
        port, state_dir = run.settings.server.port, run.settings.paths.state_dir
    except GreenbotError:
        # A configuration that is broken is no reason not to show a file.
        port, state_dir = 8080, Path.home() / ".local" / "state" / "greenbot"
    return Situation(
        scope=scope,
        program=program_here(),
        state_dir=SYSTEM_HOME if scope == "system" else state_dir,
        account=account,
        environment=environment_of(scope, run.environ),
        credentials=credentials_in(SYSTEM_SECRETS) if scope == "system" else (),
        port=port,
        host=host,
    )


@group.command("install", dry_run=True)
def install(
    run: Run,
    system: Annotated[bool, typer.Option("--system", help="For the whole machine; what root gets anyway.")] = False,
    user: Annotated[bool, typer.Option("--user", help="For you alone, also as root.")] = False,
    account: Annotated[
        str, typer.Option("--account", metavar="USER", help="Whose account a service of the machine uses.")
    ] = "greenbot",
    now: Annotated[bool, typer.Option("--now", help="Start it, now and with the machine.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that were changed.")] = False,
) -> None:
    """Write the units of systemd (on macOS: the agents of launchd) for the service and its daily jobs.

    A file that somebody changed is shown and not replaced, unless --force is given.

    Examples:
    greenbot service install -n
    greenbot service install --now
    sudo greenbot service install --system --account greenbot --now
    """
    from greenbot.cli.service_install import Wanted, install_files

    if system and user:
        raise UsageError("It cannot be for the machine and for you alone.", hint="Leave out --system or --user.")
    scope = _scope(system=system, user=user)
    install_files(run, Wanted(now=now, force=force), _situation(run, scope, account=account))


def _scope(*, system: bool, user: bool) -> "Scope":
    import os

    return "system" if system or (os.geteuid() == 0 and not user) else "user"


@group.command("man", dry_run=True)
def man(
    run: Run,
    folder: Annotated[
        str | None, typer.Argument(metavar="[FOLDER]", help="Where; ~/.local/share/man/man1 without one.")
    ] = None,
) -> None:
    """Write the manual pages: one of the program, one of each command.

    Examples:
    greenbot service man
    greenbot service man man1
    greenbot service show man | man -l -
    """
    from greenbot.cli.manual import every_page
    from greenbot.installed.place import compared, write

    target = run.cwd / folder if folder is not None else Path.home() / ".local" / "share" / "man" / "man1"
    pages = every_page()
    if run.flags.dry_run:
        run.out.say(f"Would write {len(pages)} pages into {target}.")
        return
    run.must_write()
    write(compared(pages, target))
    run.out.record({"folder": str(target), "pages": len(pages)}, essential="folder")
