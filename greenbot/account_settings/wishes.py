"""What the settings of many numbers should be, as one file that people review.

    [defaults]
    incomingWebhook = "yes"
    webhookUrl = "https://bot.hotel.example/api/v1/webhooks/green-api/{name}"
    webhookUrlToken_from = "instance"

    [tags.coast]
    delaySendMessagesMilliseconds = 15000

    [instances.grand-kyiv]
    keepOnlineStatus = "yes"

The same as JSON is understood too. What stands nearer to an instance counts more; two tags of one instance must not
contradict each other. Secrets are never in it, only where each is kept: `_file`, `_env`, `_command`, or
`_from = "instance"` for the webhook token that greenbot itself checks.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.account_settings.fields import SECRETS, Value, is_secret, known_name, settled
from greenbot.config.secrets import from_command, from_env, from_files
from greenbot.errors import UsageError
from greenbot.redact import remember
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.config.secrets import TokenSource
    from greenbot.config.settings import Instance

#: A file this long was not reviewed by anybody.
MOST_BYTES = 1_000_000
SECTIONS = ("defaults", "tags", "instances")
_WAYS = ("file", "env", "command", "from")


class BadWishes(UsageError):
    """This file of settings cannot be used; nothing was changed."""

    hint = "See how it is written with: greenbot instances settings get --save FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a secret is kept."""

    way: str
    place: str | tuple[str, ...]


Wish = Mapping[str, Value | Reference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """A file that was read and checked."""

    defaults: Wish
    tags: Mapping[str, Wish]
    instances: Mapping[str, Wish]


def read(text: str, *, force: bool = False) -> Wishes:
    """What a TOML or JSON file says; `force` lets strange names pass. Raises `BadWishes` with all that is wrong."""
    if len(text) > MOST_BYTES:
        raise BadWishes(f"The file is larger than {MOST_BYTES // 1_000_000} MB.")
    document = _parsed(text)
    wrong = [f"{safe_text(name, limit=60)} is not known here" for name in document if name not in SECTIONS]
    defaults = _wish(document.get("defaults", {}), "defaults", wrong, force=force)
    tags = _named(document, "tags", wrong, force=force)
    instances = _named(document, "instances", wrong, force=force)
    if not wrong and not (defaults or any(tags.values()) or any(instances.values())):
        wrong = ["it wishes nothing"]
    if wrong:
        raise BadWishes("; ".join(wrong) + ".")
    return Wishes(defaults=defaults, tags=tags, instances=instances)


def checked(given: Mapping[str, object], *, force: bool = False) -> Wish:
    """What was given as words, such as `incomingWebhook=yes`. Raises `BadWishes` with everything that is wrong."""
    wrong: list[str] = []
    wish = _wish(dict(given), "", wrong, force=force)
    if wrong:
        raise BadWishes("; ".join(wrong) + ".", hint="See the settings with: greenbot help instances")
    return wish


def _parsed(text: str) -> Mapping[str, object]:
    is_json = text.lstrip().startswith("{")
    try:
        found: object = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadWishes(f"This is not {'JSON' if is_json else 'TOML'}: {safe_text(str(error), limit=200)}.") from None
    if not isinstance(found, dict):
        raise BadWishes("The file must be one object.")
    return found


def _named(document: Mapping[str, object], section: str, wrong: list[str], *, force: bool) -> dict[str, Wish]:
    found = document.get(section, {})
    if not isinstance(found, dict):
        wrong.append(f"{section} should be tables: [{section}.NAME]")
        return {}
    return {name: _wish(entry, f"{section}.{name}", wrong, force=force) for name, entry in found.items()}


def _wish(entry: object, where: str, wrong: list[str], *, force: bool) -> Wish:
    place = f"{safe_text(where, limit=80)}: " if where else ""
    if not isinstance(entry, dict):
        wrong.append(f"{place}this should be a table")
        return {}
    made: dict[str, Value | Reference] = {}
    for key, value in entry.items():
        try:
            name, one = _entry(key, value, force=force)
        except UsageError as error:
            wrong.append(place + str(error).rstrip(".") + (f" ({error.hint})" if _helps(error) else ""))
            continue
        if name in made:
            wrong.append(f"{place}{name} is said twice")
        made[name] = one
    return made


def _helps(error: UsageError) -> bool:
    return error.hint is not None and error.hint.startswith("Did you mean")


def _entry(key: str, value: object, *, force: bool) -> tuple[str, Value | Reference]:
    name, _, way = key.rpartition("_")
    if name in SECRETS and way in _WAYS:
        return name, _reference(name, way, value)
    known_name(key, force=force)
    if is_secret(key, value):
        remember(str(value))
        say = (
            "Name where it is kept"
            if key in SECRETS
            else "Leave out user, password and what stands behind the question mark"
        )
        raise UsageError(f"{key} holds a secret, which does not belong here. {say}", hint=None)
    return key, settled(key, value)


def _reference(name: str, way: str, value: object) -> Reference:
    if way == "from":
        if (name, value) != ("webhookUrlToken", "instance"):
            raise UsageError(f'{name}_from can only be: webhookUrlToken_from = "instance"', hint=None)
        return Reference(way=way, place="instance")
    if way == "command" and isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return Reference(way=way, place=tuple(value))
    if isinstance(value, str) and value.strip():
        return Reference(way=way, place=value if way != "command" else (value,))
    raise UsageError(f"{name}_{way} should say where it is kept", hint=None)


def wish_for(wishes: Wishes, instance: "Instance") -> Wish:
    """Everything the file wishes of one instance. Raises `BadWishes` where two of its tags contradict each other."""
    of_tags: dict[str, Value | Reference] = {}
    said_by: dict[str, str] = {}
    own = wishes.instances.get(instance.name, {})
    for tag in instance.tags:
        for name, value in wishes.tags.get(tag, {}).items():
            if name in of_tags and of_tags[name] != value and name not in own:
                raise BadWishes(
                    f"{instance.name} has the tags {said_by[name]} and {tag}, which wish {name} differently.",
                    hint=f"Say it under [instances.{instance.name}].",
                )
            of_tags[name], said_by[name] = value, tag
    return {**wishes.defaults, **of_tags, **own}


def meant(wishes: Wishes, among: "Iterable[Instance]") -> "list[Instance]":
    """The instances of which the file wishes anything."""
    return [one for one in among if wish_for(wishes, one)]


def strangers(wishes: Wishes, known: "Iterable[Instance]") -> Iterator[str]:
    """What the file names and nobody has: `instance x`, `tag y`."""
    instances = list(known)
    names, tags = {one.name for one in instances}, {tag for one in instances for tag in one.tags}
    yield from (f"instance {safe_text(name, limit=60)}" for name in wishes.instances if name not in names)
    yield from (f"tag {safe_text(tag, limit=60)}" for tag in wishes.tags if tag not in tags)


def resolved(wish: Wish, instance: "Instance", environ: Mapping[str, str], folder: Path) -> dict[str, Value]:
    """The wish with its secrets read and `{name}` and `{id}` filled in; relative files lie in `folder`.

    Raises `TokenMissing`, `UnsafePermissions` or `ConfigError` for a secret, `UsageError` for a filled-in value.
    """
    made: dict[str, Value] = {}
    for name, value in wish.items():
        if isinstance(value, Reference):
            made[name] = settled(name, _source(name, value, instance, environ, folder)().reveal())
        elif isinstance(value, str) and "{" in value:
            made[name] = settled(name, _filled(value, instance))
        else:
            made[name] = value
    return made


def _source(
    name: str, reference: Reference, instance: "Instance", environ: Mapping[str, str], folder: Path
) -> "TokenSource":
    label = f"{name} of {instance.name}"
    if reference.way == "from":
        return instance.webhook_token
    if reference.way == "command":
        return from_command([_filled(word, instance) for word in reference.place], environ, label=label)
    place = _filled(str(reference.place), instance)
    if reference.way == "env":
        return from_env(place, environ, label=label)
    path = folder / Path(place).expanduser()
    return from_files([path], label=label, missing_hint=f"Write it into {path}, readable by you alone (chmod 600).")


def _filled(text: str, instance: "Instance") -> str:
    return text.replace("{name}", instance.name).replace("{id}", instance.id)
