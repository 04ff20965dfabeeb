"""`greenbot instances qr|login`: linking a phone to a number, by a picture or by a code to type."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import group
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, InstanceNotReady, StillPending, UsageError

if TYPE_CHECKING:
    from greenbot.cli.instances_qr import Screen
    from greenbot.cli.remote_call import Caller

OneName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The instance; the default one.")]
PngOption = Annotated[
    str | None, typer.Option("--png", metavar="FILE", help="Keep the picture in this file instead of drawing it.")
]
InvertOption = Annotated[
    bool, typer.Option("--invert", help="Without colours: for a terminal with dark letters on light ground.")
]

#: GREEN-API docs: the picture changes every 20 seconds; look each one or two.
_LOOK_SECONDS = 2.0
_PATIENCE = "5m"
#: A code to type is good for about two and a half minutes.
_CODE_PATIENCE = "150s"


@group.command("qr", instance=True, dry_run=True)
def qr(
    run: Run,
    name: OneName = None,
    png: PngOption = None,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="DURATION", help="Wait for the phone so long; 5m, 0 for one picture."),
    ] = None,
    invert: InvertOption = False,
) -> None:
    """Show the QR code that links a phone, a new one every 20 seconds, until it is linked.

    On the phone: WhatsApp, Linked devices, Link a device. In a pipe one picture is printed. Whoever scans it links
    their phone to this number, so it is in no log; the file of --png is readable by you alone.

    Examples:
    greenbot instances qr grand-kyiv
    greenbot instances qr grand-kyiv --png qr.png --timeout 10m
    greenbot instances qr grand-kyiv --json --timeout 0
    """
    from greenbot.cli.remote_call import Caller

    caller = Caller(run, run.settings.instance(name or run.flags.instance))
    if run.flags.dry_run:
        _preview(run, caller)
        return
    alone = timeout is None and not run.out.for_person and png is None
    _follow(run, caller, _screen(run, png, invert), "0" if alone else timeout or _PATIENCE)


@group.command("login", instance=True, dry_run=True)
def login(
    run: Run,
    name: OneName = None,
    phone: Annotated[
        str | None,
        typer.Option("--phone", metavar="NUMBER", help="The phone's own number: get a code to type instead of the QR."),
    ] = None,
    png: PngOption = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DURATION", help="Wait for the phone so long; 0 does not wait.")
    ] = None,
    invert: InvertOption = False,
) -> None:
    """Link a phone: by a code that is typed there (--phone), or else by the QR code.

    On the phone: WhatsApp, Linked devices, Link a device, Link with phone number instead.

    Examples:
    greenbot instances login grand-kyiv --phone "+380 44 123 4567"
    greenbot instances login grand-kyiv
    """
    from greenbot.cli.remote_call import Caller

    caller = Caller(run, run.settings.instance(name or run.flags.instance))
    if phone is not None and (png is not None or invert):
        raise UsageError("--phone brings a code to type, and no picture.", hint="Leave out --png and --invert.")
    if phone is None:
        if run.flags.dry_run:
            _preview(run, caller)
            return
        _follow(run, caller, _screen(run, png, invert), timeout or _PATIENCE)
        return
    _by_code(run, caller, phone, timeout or _CODE_PATIENCE)


def _preview(run: Run, caller: "Caller") -> None:
    run.out.request(run.client(caller.instance).request_preview("qr"))
    run.out.say("Nothing was asked.")


def _screen(run: Run, png: str | None, invert: bool) -> "Screen":
    from greenbot.cli.instances_qr import Screen

    return Screen(run, png=None if png is None else run.cwd / png, invert=invert)


def _follow(run: Run, caller: "Caller", screen: "Screen", timeout: str) -> None:
    """Show each new picture until the phone is linked. Raises `StillPending` when it was not in time."""
    from greenbot.cli.values import seconds_of

    until = run.clock.monotonic() + (patience := seconds_of(timeout))
    said: str | None = None
    while True:
        kind, message = _offer(run, caller, is_first=said is None)
        if kind == "alreadyLogged":
            _finish(run, caller)
            return
        if kind == "qrCode":
            screen.show(message)
        elif kind != said:
            screen.interrupted()
            run.out.say(_WORDS.get(kind, "GREEN-API has no QR code now; asking again."))
        said = kind
        left = until - run.clock.monotonic()
        if left <= 0:
            break
        run.clock.sleep(min(_LOOK_SECONDS, left))
    if patience or said != "qrCode":
        _not_in_time(caller)


_WORDS = {
    "passkeyRequired": "Confirm the login with the passkey on the phone; waiting for it.",
    "error": "GREEN-API has no QR code yet, usually since the instance starts; asking again.",
    "": "GREEN-API does not answer; asking again.",
}


def _offer(run: Run, caller: "Caller", *, is_first: bool) -> tuple[str, str]:
    """What `qr` answers: its type and its message. Once it has answered, a pause of the network is waited out."""
    try:
        answer = caller.ask_one("qr")
    except GreenbotError as error:
        if is_first or not error.retryable:
            raise
        return "", ""
    return str(answer.get("type") or "error"), str(answer.get("message") or "")


def _by_code(run: Run, caller: "Caller", phone: str, timeout: str) -> None:
    from greenbot.cli.instances_look import ask_state
    from greenbot.cli.values import seconds_of
    from greenbot.redact import MASK

    digits = _digits(caller, phone)
    patience = seconds_of(timeout)
    if not run.flags.dry_run:
        run.must_write()
        if ask_state(run, caller) == "authorized":
            _finish(run, caller)
            return
    facts = {"phone": f"{MASK}{digits[-4:]}"}
    answer = caller.change("getAuthorizationCode", {"phoneNumber": int(digits)}, action="instances.login", facts=facts)
    if answer is None:
        return
    name = caller.instance.name
    run.out.record({"name": name, "code": answer.get("code")}, essential="code")
    run.out.stdout.flush()
    run.out.say("On the phone: WhatsApp, Linked devices, Link a device, Link with phone number instead; type the code.")
    if patience:
        _wait_for_phone(run, caller, patience)


def _digits(caller: "Caller", phone: str) -> str:
    from greenbot.chat_id import parse_chat_id

    number = parse_chat_id(phone, country_code=caller.instance.country_code).phone
    if number is None:
        raise UsageError(
            "--phone is the number of the phone to link.", hint='Write it like --phone "+380 44 123 4567".'
        )
    return number.removeprefix("+")


def _wait_for_phone(run: Run, caller: "Caller", patience: float) -> None:
    from greenbot.cli.instances_look import account_of

    until = run.clock.monotonic() + patience
    while (left := until - run.clock.monotonic()) > 0:
        run.clock.sleep(min(_LOOK_SECONDS, left))
        try:
            account = account_of(caller.ask("getStateInstance"))
        except GreenbotError as error:
            if not error.retryable:
                raise
            continue
        if account == "authorized":
            _finish(run, caller)
            return
    _not_in_time(caller)


def _not_in_time(caller: "Caller") -> None:
    name = caller.instance.name
    raise StillPending(
        f"{name} is not linked yet.", hint=f"Begin again: greenbot instances login {name}", instance=name
    )


def _finish(run: Run, caller: "Caller") -> None:
    """It is linked, by what GREEN-API says: make sure, and let messages go. Raises `InstanceNotReady`."""
    from greenbot.cli.instances_look import account_of, advise, settle

    name = caller.instance.name
    account = account_of(caller.ask("getStateInstance"))
    if not run.read_only:
        settle(run, name, account or "starting", "linked")
    if account not in ("authorized", "starting"):
        meaning, do = advise(run, name, account)
        raise InstanceNotReady(f"A phone is linked to {name}, but it is {account}: {meaning}.", hint=do, instance=name)
    run.out.record({"name": name, "state": account}, essential="state")
    run.out.say(f"{name} is linked. To link another phone: greenbot instances logout {name}")
