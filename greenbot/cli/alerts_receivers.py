"""`greenbot alerts receivers …`: who is told, and how."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.alerts_group import group, moment_text, rules_store
from greenbot.cli.alerts_receiver_fields import (
    Given,
    check_files,
    is_anything,
    keep_secret,
    receiver_of,
    with_receiver_options,
)
from greenbot.cli.run import Flags, Run
from greenbot.errors import NotFound, UsageError

if TYPE_CHECKING:
    from greenbot.alerts.receivers import Receiver

receivers = group.group("receivers", help="Who is told of alerts, and how.")


def receiver_names(incomplete: str) -> list[str]:
    """For the shell's completion; a store that cannot be read completes nothing and says nothing."""
    from greenbot.alerts.receivers import all_of
    from greenbot.errors import GreenbotError

    try:
        run = Run.begin(Flags(read_only=True))
        names = [one.name for one in all_of(run.store)]
        run.close()
    except GreenbotError:
        return []
    return [name for name in names if name.startswith(incomplete)]


NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it: small letters, digits, _ and -.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The receiver's name.", autocompletion=receiver_names)]


@receivers.command("add", instance=True, dry_run=True)
@with_receiver_options
def add(run: Run, name: NewName, given: Given) -> None:
    """Add somebody who is told. The first one is told of everything, unless --no-default.

    Which settings a kind has: greenbot alerts receivers kinds. Secrets come from files, variables or stdin.

    Examples:
    greenbot alerts receivers add ops --kind slack --url-stdin < slack-url.txt
    greenbot alerts receivers add desk --kind email --host smtp.example.com --from bot@example.com --to ops@example.com
    greenbot alerts receivers add night --kind whatsapp --instance grand-lviv --to +380441234567
    greenbot alerts receivers add script --kind command --command "/usr/local/bin/page-me --loud"
    """
    from greenbot.alerts import receivers as table

    if given["kind"] is None:
        raise UsageError("--kind is missing.", hint="See: greenbot alerts receivers kinds")
    first = not table.all_of(rules_store(run))
    if given["default"] is None and first:
        given = {**given, "default": True}
    receiver = receiver_of(run, given, name=name)
    if run.flags.dry_run:
        run.out.say(f"Would add the receiver {name}.")
        run.out.record(_settings(receiver), essential="name")
        return
    run.must_write()
    if name in [one.name for one in table.all_of(run.store)]:
        raise UsageError(f"There is a receiver called {name} already.", hint="Change it with: receivers edit")
    keep_secret(run, given, name)
    check_files(run, receiver)
    stored = table.add(run.store, receiver, run.operator, secrets_dir=run.settings.paths.secrets_dir)
    run.out.record(_settings(stored), essential="name")
    if first and stored.is_default:
        run.out.say("It is told by every rule that names nobody, since it is the first.")
    run.out.say(f"See that it works: greenbot alerts receivers test {name}")


@receivers.command("edit", instance=True, dry_run=True)
@with_receiver_options
def edit(run: Run, name: Name, given: Given) -> None:
    """Change a receiver: what is not named stays.

    Examples:
    greenbot alerts receivers edit ops --default
    greenbot alerts receivers edit ops --fallback night
    greenbot alerts receivers edit ops --url-stdin < slack-url.txt
    """
    from greenbot.alerts import receivers as table

    base = table.get(rules_store(run), name)
    if not is_anything(given) and run.flags.instance is None:
        raise UsageError("Nothing to change was given.", hint="See: greenbot alerts receivers edit --help")
    receiver = receiver_of(run, given, name=name, base=base)
    if run.flags.dry_run:
        run.out.say(f"Would change the receiver {name}.")
        run.out.record(_settings(receiver), essential="name")
        return
    run.must_write()
    keep_secret(run, given, name)
    check_files(run, receiver)
    run.out.record(_settings(table.change(run.store, receiver, run.operator)), essential="name")


@receivers.command("list", rows=True)
def list_(run: Run) -> None:
    """Every receiver, and how it has been doing.

    Examples:
    greenbot alerts receivers list
    greenbot alerts receivers list --json
    """
    from greenbot.alerts.receivers import all_of, fields_of

    rows = [
        _described(run, one) | ({"settings": _shown(fields_of(one))} if run.flags.json else {})
        for one in all_of(rules_store(run))
    ]
    columns = ("name", "kind", "state", "default", "arrived", "problem")
    empty = "Nobody is told of anything. Add somebody with: greenbot alerts receivers add --help"
    run.out.rows(rows, columns, more=("fallback",), empty=empty)


@receivers.command("show")
def show(run: Run, name: Name) -> None:
    """One receiver: its settings, and how it has been doing.

    Examples:
    greenbot alerts receivers show ops
    """
    from greenbot.alerts.receivers import get

    one = get(rules_store(run), name)
    run.out.record(_settings(one) | _described(run, one), essential="state")


@receivers.command("kinds", rows=True)
def kinds(
    run: Run, kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Show its settings.")] = None
) -> None:
    """The kinds of receivers; of one of them, every setting.

    Examples:
    greenbot alerts receivers kinds
    greenbot alerts receivers kinds email
    """
    from greenbot.alerts.notify.kinds import KINDS
    from greenbot.alerts.receivers import field_docs

    if kind is None:
        run.out.rows([{"kind": one.name, "meaning": one.doc} for one in KINDS.values()], ("kind", "meaning"))
        return
    if kind not in KINDS:
        raise NotFound(f"There is no kind of receiver called {kind}.", hint=f"Kinds: {', '.join(KINDS)}")
    rows = [{"setting": name, "meaning": doc} for name, doc in field_docs(kind)]
    run.out.rows(rows, ("setting", "meaning"))


@receivers.command("enable", dry_run=True)
def enable(run: Run, name: Name) -> None:
    """Tell a receiver again; what waited for it goes on.

    Examples:
    greenbot alerts receivers enable ops
    """
    _switch(run, name, enabled=True)


@receivers.command("disable", dry_run=True)
def disable(run: Run, name: Name) -> None:
    """Tell a receiver nothing for now.

    Examples:
    greenbot alerts receivers disable ops
    """
    _switch(run, name, enabled=False)


def _switch(run: Run, name: str, *, enabled: bool) -> None:
    from greenbot.alerts import receivers as table

    table.get(rules_store(run), name)
    if run.flags.dry_run:
        run.out.say(f"Would switch the receiver {name} {'on' if enabled else 'off'}.")
        return
    run.must_write()
    run.out.record(_described(run, table.switch(run.store, name, run.operator, enabled=enabled)), essential="name")


@receivers.command("remove", dry_run=True, yes=True)
def remove(run: Run, name: Name) -> None:
    """Remove a receiver, its secret that greenbot keeps, and what waits for it. Rules must not name it.

    Examples:
    greenbot alerts receivers remove ops --yes
    """
    from greenbot.alerts import receivers as table

    one = table.get(rules_store(run), name)
    if run.flags.dry_run:
        run.out.say(f"Would remove the receiver {name}.")
        return
    run.must_write()
    run.confirm(f"Removing the receiver {name}")
    dropped = table.remove(run.store, name, run.operator)
    _forget_secrets(run, one)
    run.out.record({"removed": name, "dropped": dropped}, essential="removed")
    if one.is_default and not any(other.is_default for other in table.all_of(run.store)):
        run.out.warn("no receiver is the default now: rules that name nobody tell nobody.")


def _forget_secrets(run: Run, one: "Receiver") -> None:
    """Only files that greenbot made itself."""
    from greenbot.cli.alerts_receiver_fields import SECRETS, own_file

    for secret in SECRETS:
        path = own_file(run, one.name, secret)
        if one.settings.get(f"{secret}_file") == str(path):
            path.unlink(missing_ok=True)


def _settings(one: "Receiver") -> dict[str, object]:
    from greenbot.alerts.receivers import fields_of

    return {"name": one.name, "kind": one.kind, "default": one.is_default} | _shown(fields_of(one))


def _shown(fields: dict[str, object]) -> dict[str, object]:
    """Settings for people: what stands behind the `?` of an address is often a secret."""
    return {
        name: value.partition("?")[0] + "?***" if isinstance(value, str) and "url" in name and "?" in value else value
        for name, value in fields.items()
    }


def _described(run: Run, one: "Receiver") -> dict[str, object]:
    now_ms = run.clock.now_ms()
    return {
        "name": one.name,
        "kind": one.kind,
        "state": "off" if not one.enabled else "resting" if now_ms < one.open_until_ms else "on",
        "default": one.is_default,
        "fallback": one.fallback,
        "arrived": moment_text(run, one.proved_at_ms),
        "problem": one.problem,
    }
