"""`greenbot partner …`: instances of a partner account: which there are, a new one, one less."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.remote_call import words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import GreenbotError, NotFound, UsageError

if TYPE_CHECKING:
    from greenbot.api.client import Client

group = Group("partner", "Instances of a partner account of GREEN-API: list, create, delete.")

Row = Mapping[str, object]
Params = Mapping[str, object]
ConfirmOption = Annotated[
    str | None, typer.Option("--confirm", metavar="NAME", help="The same name or id again: yes, do it.")
]


@group.command("list", rows=True)
def list_(
    run: Run,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones, too.")] = False,
) -> None:
    """All instances of the partner account; their tokens are never shown.

    `here` is the name of the instance in greenbot's configuration.

    Examples:
    greenbot partner list
    greenbot partner list --deleted --json
    """
    here = {one.id: one.name for one in run.settings.instances.values()}
    rows = [_row(one, here) for one in _instances(run) if deleted or not one.get("deleted")]
    run.out.rows(rows, ("id", "name", "here", "state", "tariff", "created_at", "expires_at"), empty="No instance yet.")


def _row(found: Row, here: Mapping[str, str]) -> dict[str, object]:
    number = str(found.get("idInstance", ""))
    state = "deleted" if found.get("deleted") else "expired" if found.get("isExpired") else "active"
    return {
        "id": number,
        "name": words(found, "name"),
        "here": here.get(number),
        "state": state,
        "tariff": words(found, "tariff"),
        "created_at": words(found, "timeCreated"),
        "expires_at": words(found, "expirationDate"),
        "deleted_at": words(found, "timeDeleted"),
    }


def _instances(run: Run) -> list[Row]:
    found = _ask(run, "getInstances", {})
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


@group.command("create", dry_run=True)
def create(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, here and in the console.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting it begins with, such as incomingWebhook=yes."),
    ] = None,
    confirm: ConfirmOption = None,
) -> None:
    """Create an instance, which is billed, and add it here with its token. It works after 2 to 5 minutes.

    Examples:
    greenbot partner create seaview -n
    greenbot partner create seaview --set incomingWebhook=yes --confirm seaview
    """
    from greenbot.config.kinds import is_name

    if not is_name(name):
        hint = "Use small letters, digits, - and _, such as grand-kyiv."
        raise UsageError(f"'{name}' cannot be the name of an instance.", hint=hint)
    if name in run.settings.instances:
        raise UsageError(f"There is an instance {name} already.", hint="See them with: greenbot instances list")
    params = {"name": name, **_settings(set_ or [])}
    if run.flags.dry_run:
        _preview(run, "createInstance", params)
        return
    run.must_write()
    run.out.say("An instance is billed from the day it is created.")
    run.confirm_name(name, confirm)
    _note(run, "partner.create", {"name": name})
    made = _ask(run, "createInstance", params)
    _keep(run, name, made if isinstance(made, Mapping) else {})


def _settings(given: list[str]) -> dict[str, object]:
    from greenbot.account_settings.wishes import Reference, checked
    from greenbot.cli.values import assignment

    if not given:
        return {}
    wish = checked(dict(assignment(item, typed=False) for item in given))
    secret = [name for name, value in wish.items() if isinstance(value, Reference)]
    if secret:
        raise UsageError(
            f"{secret[0]} is set when the instance is there.", hint="Use: greenbot instances settings set NAME"
        )
    return dict(wish)


def _keep(run: Run, name: str, made: Row) -> None:
    """Add it here. Its token came once, so whatever goes wrong now, it is kept."""
    from greenbot.config.edit import add_instance
    from greenbot.config.secrets import write_secret
    from greenbot.redact import Secret

    number, token = str(made.get("idInstance", "")), words(made, "apiTokenInstance")
    if not number or token is None:
        raise GreenbotError("GREEN-API created it and told no id or no token.", hint="See: greenbot partner list")
    addresses = {"api_url": words(made, "apiUrl"), "media_url": words(made, "mediaUrl")}
    fields = {"id": number, **{key: value for key, value in addresses.items() if value}}
    try:
        add_instance(run.settings.paths, name, fields, token=Secret(token))
    except GreenbotError as error:
        place = run.settings.paths.secrets_dir / f"{number}.token"
        write_secret(place, Secret(token))
        hint = f"Then: greenbot instances add {name} --id {number} --token-file {place}"
        raise GreenbotError(
            f"Instance {number} is created, but was not added here: {error} Its token is in {place}.", hint=hint
        ) from error
    run.out.record({"name": name, "id": number, **addresses}, essential="id")
    run.out.say(f"It works in a few minutes. Then link the phone: greenbot instances state {name}")


@group.command("delete", dry_run=True)
def delete(
    run: Run,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its idInstance, or its name in the configuration.")],
    confirm: ConfirmOption = None,
    logout: Annotated[
        bool, typer.Option("--logout", help="Unlink the phone first; needs the instance in the configuration.")
    ] = False,
) -> None:
    """Delete an instance at GREEN-API for ever. Its phone stays linked unless --logout.

    Examples:
    greenbot partner delete 1101000001 -n
    greenbot partner delete seaview --logout --confirm seaview
    """
    known = {one.name: one for one in run.settings.instances.values()} | {
        one.id: one for one in run.settings.instances.values()
    }
    instance = known.get(id_)
    number = instance.id if instance is not None else id_
    if not (number.isascii() and number.isdigit()):
        raise NotFound(f"There is no instance '{id_}'.", hint="See them with: greenbot partner list")
    if logout and instance is None:
        hint = "Add it first: greenbot instances add, or leave out --logout."
        raise UsageError("--logout needs the instance in the configuration, with its token.", hint=hint)
    params = {"idInstance": int(number)}
    if run.flags.dry_run:
        _preview(run, "deleteInstanceAccount", params)
        return
    run.must_write()
    run.confirm_name(id_, confirm)
    _note(run, "partner.delete", {"id": number, "name": instance.name if instance else None, "logout": logout})
    if logout and instance is not None:
        from greenbot.api.inline import run_inline

        run_inline(run.client(instance).call("logout"))
    _ask(run, "deleteInstanceAccount", params)
    run.out.record({"id": number, "deleted": True, "logged_out": logout}, essential="id")
    if instance is not None:
        run.out.say(f"Take it out of the configuration as well: greenbot instances remove {instance.name}")


def _ask(run: Run, method: str, params: Params) -> object:
    from greenbot.api.inline import run_inline

    return run_inline(_client(run).call(method, params))


def _preview(run: Run, method: str, params: Params) -> None:
    run.out.request(_client(run).request_preview(method, params))
    run.out.say("Nothing was changed.")


def _client(run: Run) -> "Client":
    return run.partner_client()


def _note(run: Run, action: str, facts: Params) -> None:
    """Into the audit first: who dies meanwhile leaves a line too many, never a change without one."""
    from greenbot.db.audit import note

    with run.store.write() as tx:
        note(tx, run.operator, action=action, subject="partner account", after=facts)
