"""`greenbot profile …`: how a number presents itself."""

from typing import Annotated

import typer

from greenbot.cli.remote_call import Caller, Row, picture, show_each, words
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import GreenbotError, PartlyDone, Stopped

group = Group("profile", "How a number presents itself: its phone number and its picture.")


@group.command("show", instance=True, tag=True, rows=True)
def show(run: Run) -> None:
    """The WhatsApp account behind a number. Its name is changed on the phone: GREEN-API has no method for it.

    Examples:
    greenbot profile show
    greenbot profile show -i all --csv
    """
    columns = ("phone", "state", "picture")
    show_each(run, lambda caller: [_account(caller)], columns, more=("device",))


def _account(caller: Caller) -> Row:
    found = caller.ask_one("getWaSettings")
    phone = words(found, "phone")
    return {
        "phone": f"+{phone}" if phone is not None and phone.isdigit() else phone,
        "state": words(found, "stateInstance"),
        "picture": words(found, "avatar"),
        "device": words(found, "deviceId"),
    }


@group.command("picture", instance=True, tag=True, dry_run=True, yes=True)
def picture_(run: Run, file: Annotated[str, typer.Argument(metavar="FILE", help="A JPEG.")]) -> None:
    """Change the picture guests see. GREEN-API allows it once in 10 seconds for each number.

    Examples:
    greenbot profile picture logo.jpg
    greenbot profile picture logo.jpg --tag coast --yes
    """
    jpeg, chosen = picture(run, file), run.instances
    if not run.flags.dry_run:
        run.must_write()
        if len(chosen) > 1:
            run.confirm(f"Change the picture of {len(chosen)} numbers?")
    failed: list[GreenbotError] = []
    for instance in chosen:
        try:
            done = Caller(run, instance).change("setProfilePicture", {}, action="profile.picture", file=jpeg)
        except GreenbotError as error:
            if len(chosen) == 1 or isinstance(error, Stopped):
                raise
            run.out.warn(f"{instance.name}: {error}")
            failed.append(error)
            continue
        if done is not None:
            run.out.record({"instance": instance.name, "url": words(done, "urlAvatar")}, essential="url")
    if failed:
        raise PartlyDone(f"{len(failed)} of {len(chosen)} pictures were not changed.", hint="The lines above say why.")
