"""Finding everything out, all at once, each look with its deadline. Nothing is changed by it."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from greenbot.clock import Clock
from greenbot.doctor.facts import AccountFact, Facts, HostFact, Missing, ProbeFact, Trouble
from greenbot.doctor.looks import accounts, files, logs, store, webhook
from greenbot.doctor.parallel import together
from greenbot.errors import ConfigError, GreenbotError
from greenbot.installed.state import installed_state

if TYPE_CHECKING:
    from greenbot.config.settings import Instance, Settings

T = TypeVar("T")
#: Longer than the store's own check may take.
LOCAL_SECONDS = 8.0
#: Of one number at GREEN-API, and a little more for each that has to wait for its turn.
ACCOUNT_SECONDS = 12.0
_MORE_SECONDS = 0.5
PROBE_SECONDS = 25.0
_NOT_WANTED = Missing(why="not asked for", is_wanted=False)
_OFFLINE = Missing(why="--offline", is_wanted=False)
_UNUSABLE = Missing(why="the configuration cannot be used", is_wanted=False, fix="greenbot config validate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person wants to be looked at. `needs`: only these facts."""

    environ: Mapping[str, str]
    cwd: Path
    needs: Collection[str]
    #: The instances that are meant, out of the settings; raises UnknownInstance.
    choose: "Callable[[Settings], Sequence[Instance]]"
    offline: bool = False
    connect: bool = False
    webhook_url: str | None = None


def gather(asked: Asked, clock: Clock) -> Facts:
    """Everything that was asked for. Raises UnknownInstance for an instance that there is none."""
    config, settings = _settings(asked)
    if isinstance(settings, Missing):
        return _nothing_but(config, asked, clock)
    chosen: Sequence[Instance] = asked.choose(settings) if settings.instances else ()
    local = _local(asked, settings, chosen, clock)
    known = _accounts(asked, settings, chosen, clock)
    return Facts(
        now_ms=clock.now_ms(),
        config=config,
        settings=settings,
        instances=chosen,
        accounts=known,
        probes=_probes(asked, settings, chosen, known, clock),
        **local,  # type: ignore[arg-type]  # each look gives the fact of its name
    )


def _settings(asked: Asked) -> "tuple[Sequence[Trouble] | Missing, Settings | Missing]":
    from greenbot.config.load import find_problems, load

    try:
        return (), load(asked.environ, cwd=asked.cwd)
    except ConfigError as error:
        try:
            found = find_problems(asked.environ, cwd=asked.cwd)
        except GreenbotError:
            found = ()
        return [files.trouble_of(one) for one in found or (error,)], _UNUSABLE


def _nothing_but(config: "Sequence[Trouble] | Missing", asked: Asked, clock: Clock) -> Facts:
    names = [name for name in Facts.__dataclass_fields__ if name not in ("now_ms", "config", "host")]
    missing = dict.fromkeys(names, _UNUSABLE)
    return Facts(now_ms=clock.now_ms(), config=config, host=_host(asked.environ), **missing)


def _local(asked: Asked, settings: "Settings", chosen: "Sequence[Instance]", clock: Clock) -> dict[str, object]:
    looks: dict[str, Callable[[], object]] = {
        "secrets": lambda: files.secrets(settings, chosen),
        "files": lambda: files.private_files(settings),
        "tls": lambda: files.certificate(settings),
        "disk": lambda: files.disk(settings),
        "store": lambda: store.store(settings, clock),
        "queue": lambda: store.queue(settings, clock),
        "alerts": lambda: store.alerts(settings, clock),
        "service": lambda: store.service(settings, clock),
        "host": lambda: _host(asked.environ),
        "logs": lambda: logs.place(settings, clock),
        "canaries": lambda: logs.canaries(settings, clock),
    }
    wanted = {name: look for name, look in looks.items() if name in asked.needs}
    found = together(wanted, seconds=LOCAL_SECONDS, clock=clock)
    return {name: found.get(name, _NOT_WANTED) for name in looks}


def _host(environ: Mapping[str, str]) -> HostFact:
    home = Path(environ.get("HOME") or os.sep)
    return HostFact(python=sys.version_info[:3], installed=installed_state(environ, home=home))


def _accounts(
    asked: Asked, settings: "Settings", chosen: "Sequence[Instance]", clock: Clock
) -> Mapping[str, AccountFact | Missing] | Missing:
    if asked.offline:
        return _OFFLINE
    if not {"accounts", "probes"} & set(asked.needs):
        return _NOT_WANTED

    def look(instance: "Instance") -> Callable[[], AccountFact]:
        return lambda: accounts.account(settings, instance, clock, asked.environ)

    jobs = {instance.name: look(instance) for instance in chosen}
    return together(jobs, seconds=ACCOUNT_SECONDS + _MORE_SECONDS * len(jobs), clock=clock)


def _probes(
    asked: Asked,
    settings: "Settings",
    chosen: "Sequence[Instance]",
    known: Mapping[str, AccountFact | Missing] | Missing,
    clock: Clock,
) -> Sequence[ProbeFact] | Missing:
    if asked.offline:
        return _OFFLINE
    if not (asked.connect or asked.webhook_url):
        return Missing(why="not called from outside", is_wanted=False, fix="greenbot doctor --connect")
    if "probes" not in asked.needs:
        return _NOT_WANTED
    urls = {instance.name: asked.webhook_url or _url_of(instance.name, known) for instance in chosen}
    typed = asked.webhook_url is not None

    def look(instance: "Instance", url: str) -> Callable[[], ProbeFact]:
        return lambda: webhook.probe(settings, instance, url, is_typed=typed)

    jobs = {one.name: look(one, url) for one in chosen if (url := urls[one.name])}
    if not jobs:
        return Missing(why="no webhookUrl is known", is_wanted=False, fix="greenbot doctor --webhook-url URL")
    found = together(jobs, seconds=PROBE_SECONDS + _MORE_SECONDS * len(jobs), clock=clock)
    return [_probed(name, fact, str(urls[name])) for name, fact in found.items()]


def _url_of(name: str, known: Mapping[str, AccountFact | Missing] | Missing) -> str:
    fact = _NOT_WANTED if isinstance(known, Missing) else known.get(name, _NOT_WANTED)
    if isinstance(fact, Missing) or fact.settings is None:
        return ""
    return str(fact.settings.get("webhookUrl") or "")


def _probed(name: str, fact: ProbeFact | Missing, url: str) -> ProbeFact:
    if isinstance(fact, ProbeFact):
        return fact
    return ProbeFact(url=url.partition("?")[0], instance=name, kind="failure", failure="timeout", words=fact.why)
