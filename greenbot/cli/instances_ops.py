"""`greenbot instances resume|breaker|limit`: what keeps a number from sending, and a person's word about it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.instances_group import NameArgument, group
from greenbot.cli.run import Run
from greenbot.errors import Refused, UsageError

if TYPE_CHECKING:
    from greenbot.campaigns.newchats import NewChatLimit
    from greenbot.resilience.breaker import Circuit
    from greenbot.resilience.shared_breaker import Breaker

_HOSTS = ("api", "media")


@group.command("resume", dry_run=True)
def resume(run: Run, name: NameArgument) -> None:
    """Let a number go on that stopped by itself: its token was refused, or nobody answered.

    Put right first what was wrong. The next step is a question to GREEN-API, never a guest's message.

    Examples:
    greenbot instances resume grand-kyiv
    """
    from greenbot.outbox.pauses import pause_of
    from greenbot.resilience.shared_health import health_of
    from greenbot.resilience.shared_health import resume as resume_health

    run.settings.instance(name)
    health = health_of(run.store, name)
    shut = [host for host, circuit in _circuits(run, name).items() if circuit.state != "closed"]
    if health.state in ("unknown", "authorized") and not shut:
        raise Refused(f"{name} is not stopped: its state is {health.state}.", hint=_paused_hint(run, name))
    if run.flags.dry_run:
        run.out.say(f"Would let {name} go on; its state is {health.state}. Nothing was changed.")
        return
    run.must_write()
    _note(run, "instances.resume", name, before={"state": health.state, "reason": health.reason, "breakers": shut})
    resume_health(run.store, name, run.clock)
    for host in shut:
        _breaker(run, name, host).resume()
    _wake(run)
    run.out.say(f"{name} may try again. See how it goes with: greenbot instances state {name}")
    if pause_of(run.store, name) is not None:
        run.out.warn(f"The queue of {name} is paused as well. Let it go on with: greenbot outbox resume -i {name}")


def put_right(run: Run, name: str) -> None:
    """A person has stored another token, id or address: a number that stopped over the old ones may try again."""
    from greenbot.resilience.shared_health import health_of
    from greenbot.resilience.shared_health import resume as resume_health

    if not run.settings.paths.store_file.exists():
        return
    health = health_of(run.store, name)
    if health.state != "auth_failed":
        return
    _note(run, "instances.resume", name, before={"state": health.state, "reason": health.reason, "breakers": []})
    resume_health(run.store, name, run.clock)
    _wake(run)
    run.out.say(f"{name} may try again. See how it goes with: greenbot instances state {name}")


def _paused_hint(run: Run, name: str) -> str | None:
    from greenbot.outbox.pauses import pause_of

    paused = pause_of(run.store, name) is not None
    return f"Its queue is paused; let it go on with: greenbot outbox resume -i {name}" if paused else None


@group.command("breaker", rows=True, dry_run=True)
def breaker(
    run: Run,
    name: NameArgument,
    open_: Annotated[
        str | None, typer.Option("--open", metavar="WHY", help="Let nothing out until it is resumed, and say why.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Let the next call try, with a harmless question.")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="api|media", help="Only this host.")] = None,
) -> None:
    """Show the circuit breaker of a number, open it, or let it try again.

    It opens by itself when GREEN-API stops answering. Messages wait meanwhile.

    Examples:
    greenbot instances breaker grand-kyiv
    greenbot instances breaker grand-kyiv --open "maintenance until 14:00"
    greenbot instances breaker grand-kyiv --resume
    """
    run.settings.instance(name)
    if open_ is not None and resume:
        raise UsageError("--open and --resume exclude each other.", hint="Choose one.")
    if open_ is not None and not open_.strip():
        raise UsageError("--open needs a reason.", hint='Write it like --open "maintenance".')
    hosts = _HOSTS if host is None else (_host(host),)
    if (open_ is not None or resume) and not run.flags.dry_run:
        run.must_write()
        _turn(run, name, hosts, open_)
    rows = [_circuit_row(run, one, circuit) for one, circuit in _circuits(run, name).items() if one in hosts]
    run.out.rows(rows, ("host", "state", "since", "until", "calls", "failures", "reason"))
    if run.flags.dry_run:
        run.out.say("Nothing was changed.")


def _host(word: str) -> str:
    if word not in _HOSTS:
        raise UsageError(f"There is no host '{word}'.", hint=f"Hosts: {', '.join(_HOSTS)}")
    return word


def _turn(run: Run, name: str, hosts: tuple[str, ...], why: str | None) -> None:
    before = {host: circuit.state for host, circuit in _circuits(run, name).items() if host in hosts}
    after = dict.fromkeys(hosts, "forced_open" if why is not None else "may try")
    _note(run, "instances.breaker", name, before=before, after={**after, "reason": why})
    for host in hosts:
        if why is not None:
            _breaker(run, name, host).force_open(why.strip())
        elif before[host] != "closed":
            _breaker(run, name, host).resume()
    _wake(run)


def _circuits(run: Run, name: str) -> "dict[str, Circuit]":
    from greenbot.resilience import circuits
    from greenbot.resilience.breaker import timed

    found = {host: circuits.load(run.store, name, host, run.clock)[0] for host in _HOSTS}
    return {host: timed(circuit, now_ms=run.clock.boot_ms()) for host, circuit in found.items()}


def _breaker(run: Run, name: str, host: str) -> "Breaker":
    import random

    from greenbot.resilience.shared_breaker import Breaker

    return Breaker(
        run.store,
        instance=name,
        host=host,
        owner=run.actor,
        clock=run.clock,
        rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
    )


def _circuit_row(run: Run, host: str, circuit: "Circuit") -> dict[str, object]:
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    behind_ms = run.clock.now_ms() - run.clock.boot_ms()
    shown = local_time if run.out.for_person and not run.flags.json else iso_utc
    return {
        "host": host,
        "state": circuit.state,
        "since": shown(behind_ms + circuit.since_ms) if circuit.state != "closed" else None,
        "until": shown(behind_ms + circuit.open_until_ms) if circuit.state == "open" else None,
        "calls": sum(bucket.calls for bucket in circuit.buckets),
        "failures": sum(bucket.failures for bucket in circuit.buckets),
        "reason": circuit.reason or None,
    }


@group.command("limit", dry_run=True)
def limit(
    run: Run,
    name: NameArgument,
    new_chats: Annotated[
        str | None, typer.Option("--new-chats", metavar="N/d", help="At most so many new chats a day, such as 20/d.")
    ] = None,
    warmup: Annotated[
        str | None,
        typer.Option("--warmup", metavar="DAYS", help="For so many days, such as 10d, at most 20 new chats a day."),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="No limit of new chats any more.")] = False,
) -> None:
    """Show what a number may send, or limit how many people it writes to for the first time on one day.

    A number that writes to many strangers gets blocked, a new one soonest. Messages above the limit wait for
    the next day; high priority passes. Messages a minute are a setting: rate_limit_per_minute.

    Examples:
    greenbot instances limit grand-kyiv
    greenbot instances limit grand-kyiv --new-chats 20/d --warmup 10d
    """
    from greenbot.campaigns import newchats

    instance = run.settings.instance(name)
    before = newchats.limit_of(run.store, name)
    if clear and (new_chats or warmup):
        raise UsageError("--clear excludes the other options.", hint="Set a new limit without it.")
    wanted = before if not (new_chats or warmup) else _wanted(before, new_chats, warmup, instance.timezone)
    if clear or wanted is not before:
        if run.flags.dry_run:
            run.out.say(f"Would set: {_words(None if clear else wanted)}. Nothing was changed.")
            return
        run.must_write()
        facts = {"limit": _words(before)}, {"limit": _words(None if clear else wanted)}
        _note(run, "instances.limit", name, before=facts[0], after=facts[1])
        if clear or wanted is None:
            newchats.clear_limit(run.store, name)
        else:
            newchats.set_limit(run.store, name, wanted, run.clock)
        _wake(run)
    _show_limit(run, name)


def _wanted(before: "NewChatLimit | None", new_chats: str | None, warmup: str | None, timezone: str) -> "NewChatLimit":
    """The limit with what was said; what was not stays as it was."""
    from greenbot.campaigns.newchats import NewChatLimit, per_day

    return NewChatLimit(
        per_day=per_day(new_chats) if new_chats else (before.per_day if before else None),
        warmup_days=_days(warmup) if warmup else (before.warmup_days if before else None),
        timezone=timezone,
    )


def _days(text: str) -> int:
    given = text.strip().lower().removesuffix("d")
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= 365):
        raise UsageError(f"'{text}' is no number of days.", hint="Write it like 10d.")
    return int(given)


def _words(limit: "NewChatLimit | None") -> str:
    if limit is None:
        return "no limit of new chats"
    parts = [f"{limit.per_day} new chats a day"] if limit.per_day is not None else []
    parts += [f"a warm-up of {limit.warmup_days} days"] if limit.warmup_days is not None else []
    return ", ".join(parts)


def _show_limit(run: Run, name: str) -> None:
    from greenbot.campaigns import newchats
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    instance = run.settings.instance(name)
    found = newchats.limit_of(run.store, name)
    today = newchats.allowance(run.store, name, run.clock.now_ms())
    shown = local_time if run.out.for_person and not run.flags.json else iso_utc
    run.out.record(
        {
            "name": name,
            "per_minute": instance.rate_limit_per_minute,
            "per_second": instance.rate_limit_per_second,
            "new_chats_per_day": found.per_day if found else None,
            "warmup_days": found.warmup_days if found else None,
            "new_chats_today": today.used,
            "allowed_today": today.cap,
            "next_day": shown(today.until_ms),
        },
        essential="allowed_today",
    )


def _note(
    run: Run,
    action: str,
    name: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Into the audit first: who dies before the change leaves a line too many, never a change without one."""
    from greenbot.db.audit import note

    with run.store.write() as tx:
        note(tx, run.operator, action=action, subject=f"instance {name}", before=before, after=after)


def _wake(run: Run) -> None:
    from greenbot.outbox.presence import wake

    wake(run.settings.paths.run_dir)
