"""What several commands about one number share: its state as GREEN-API says it, and telling everybody here."""

from typing import TYPE_CHECKING

from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.cli.remote_call import Caller


def ask_state(run: Run, caller: "Caller") -> str:
    """GREEN-API's word for the state, "" while the instance is being created; written down for all who send.

    Raises the GreenbotError of a failed call.
    """
    from greenbot.resilience.health import answered

    account = account_of(caller.ask("getStateInstance"))
    if not run.read_only:
        from greenbot.resilience.shared_health import change

        word = account or "starting"
        change(run.store, caller.instance.name, lambda health: answered(health, word, run.clock.now_ms()))
    return account


def account_of(answer: object) -> str:
    """The state in an answer of getStateInstance; "" for null (GREEN-API docs: while it is being created)."""
    word = answer.get("stateInstance") if isinstance(answer, dict) else None
    return word if isinstance(word, str) else ""


def settle(run: Run, name: str, account: str, reason: str) -> None:
    """What a person did to the number, for all who send from this machine: at once, and not after a second look."""
    from greenbot.outbox.presence import wake
    from greenbot.resilience.health import by_person
    from greenbot.resilience.shared_health import change

    change(run.store, name, lambda health: by_person(health, account, reason, run.clock.now_ms()))
    wake(run.settings.paths.run_dir)


def advise(run: Run, name: str, account: str, state: str = "") -> tuple[str, str | None]:
    """What a state means, and what to do about it."""
    from greenbot.fleet.states import advice_for

    advice = advice_for(account, state)
    return advice.meaning, advice.do.replace("NAME", name) or None
