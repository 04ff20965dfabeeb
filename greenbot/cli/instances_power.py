"""`greenbot instances reboot|logout`: restarting a number, and unlinking its phone."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import NameArgument, group
from greenbot.cli.instances_state import NameOption
from greenbot.cli.run import Run
from greenbot.errors import GreenbotError, InstanceNotReady, PartlyDone, StillPending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenbot.cli.remote_call import Caller
    from greenbot.config.settings import Instance
    from greenbot.fleet.restart import Restart

_LOOK_SECONDS = 2.0
_COLUMNS = ("name", "state", "took_s", "detail")


@group.command("logout", dry_run=True)
def logout(
    run: Run,
    name: NameArgument,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The name again: yes, unlink it.")
    ] = None,
) -> None:
    """Unlink the phone from a number. Somebody has to link it again with the phone in hand.

    Messages wait here meanwhile.

    Examples:
    greenbot instances logout grand-kyiv --confirm grand-kyiv
    """
    from greenbot.cli.instances_look import settle
    from greenbot.cli.remote_call import Caller

    caller = Caller(run, run.settings.instance(name))
    if not run.flags.dry_run:
        run.must_write()
        run.confirm_name(name, confirm)
    if caller.change("logout", {}, action="instances.logout") is None:
        return
    settle(run, name, "notAuthorized", "logged out")
    run.out.record({"name": name, "state": "notAuthorized"}, essential="state")
    run.out.say(f"{name} is unlinked; its messages wait. Link it again with: greenbot instances login {name}")


@group.command("reboot", instance=True, tag=True, rows=True, dry_run=True, yes=True)
def reboot(
    run: Run,
    name: NameOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the numbers work again, and make sure of it.")
    ] = False,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="DURATION", help="With --wait: no longer than this.")
    ] = "5m",
) -> None:
    """Restart numbers at GREEN-API. Each sends nothing for up to 5 minutes; messages wait here.

    It helps when a number hangs in `starting`, and ends the rest of a `suspended` one. Without a NAME it is for the
    default instance, or those of -i or --tag.

    Examples:
    greenbot instances reboot grand-kyiv --wait
    greenbot instances reboot --tag coast --yes --wait --timeout 10m
    """
    from greenbot.cli.remote_call import Caller
    from greenbot.cli.values import seconds_of

    numbers = run.settings.select(name or run.flags.instance, tag=run.flags.tag)
    patience_ms = round(1000 * seconds_of(timeout))
    if run.flags.dry_run:
        for one in numbers:
            Caller(run, one).change("reboot", {}, action="instances.reboot")
        return
    run.must_write()
    run.out.check_rows(_COLUMNS)
    run.confirm(_question(numbers))
    rounds = [_Reboot(run, Caller(run, one)) for one in numbers]
    for restart in rounds:
        restart.begin(alone=len(rounds) == 1)
    if wait:
        _wait(run, rounds, patience_ms)
    run.out.rows([one.row() for one in rounds], _COLUMNS)
    if not wait and any(one.error is None for one in rounds):
        run.out.say("They send nothing for up to 5 minutes. See how they are with: greenbot instances state")
    _sum(rounds)


def _question(numbers: "Sequence[Instance]") -> str:
    names = ", ".join(one.name for one in numbers[:5]) + (", …" if len(numbers) > 5 else "")
    what = f"Reboot {names}?" if len(numbers) == 1 else f"Reboot {len(numbers)} numbers ({names})?"
    return f"{what} Nothing leaves for up to 5 minutes."


@dataclass(slots=True)
class _Reboot:
    """The restart of one number."""

    run: Run
    caller: "Caller"
    error: GreenbotError | None = None
    state: str = "starting"
    seen: "Restart | None" = None
    began_ms: int = 0
    took_ms: int | None = None
    over: bool = field(default=False)

    @property
    def name(self) -> str:
        return self.caller.instance.name

    def begin(self, *, alone: bool) -> None:
        """Ask for it. One that is refused hides nothing of the others. Raises GreenbotError when it is the only one."""
        from greenbot.cli.instances_look import settle
        from greenbot.fleet.restart import Restart

        self.seen = Restart()
        try:
            self.caller.change("reboot", {}, action="instances.reboot")
        except GreenbotError as error:
            if alone:
                raise
            self.error, self.state, self.over = error, "unknown", True
            return
        self.began_ms = self.run.clock.now_ms()
        settle(self.run, self.name, "starting", "rebooted")

    def look(self) -> None:
        """Ask once more how it is."""
        from greenbot.cli.instances_look import account_of, settle

        try:
            account = account_of(self.caller.ask("getStateInstance"))
        except GreenbotError as error:
            if not error.retryable:
                self.error, self.over = error, True
            return  # no answer is no state
        assert self.seen is not None, "made when it began"
        self.seen = self.seen.seen(account)
        elapsed_ms = self.run.clock.now_ms() - self.began_ms
        standing = self.seen.standing(elapsed_ms)
        self.state = account or "being created"
        if standing == "waiting":
            return
        self.over, self.took_ms = True, elapsed_ms
        settle(self.run, self.name, account, "rebooted")
        if standing == "stuck":
            self.error = InstanceNotReady(f"{self.name} is back, but {account}.", instance=self.name)

    def row(self) -> dict[str, object]:
        """How it ended."""
        took_s = None if self.took_ms is None else round(self.took_ms / 1000)
        detail = None if self.error is None else str(self.error)
        return {"name": self.name, "state": self.state, "took_s": took_s, "detail": detail}


def _wait(run: Run, rounds: list[_Reboot], patience_ms: int) -> None:
    until_ms = run.clock.now_ms() + patience_ms
    run.out.say("Waiting until they work again. Ctrl-C only ends the waiting.")
    while waiting := [one for one in rounds if not one.over]:
        left_ms = until_ms - run.clock.now_ms()
        if left_ms <= 0:
            for one in waiting:
                hint = f"Look again with: greenbot instances state {one.name}"
                one.error = StillPending(f"{one.name} was not back in time.", hint=hint, instance=one.name)
            return
        run.clock.sleep(min(_LOOK_SECONDS, left_ms / 1000))
        for one in waiting:
            one.look()


def _sum(rounds: list[_Reboot]) -> None:
    errors = [one.error for one in rounds if one.error is not None]
    if not errors:
        return
    if len({type(error) for error in errors}) == 1 and len(errors) == len(rounds):
        raise errors[0]
    raise PartlyDone(
        f"{len(errors)} of {len(rounds)} numbers did not come back.", hint="See them with: greenbot instances state"
    )
