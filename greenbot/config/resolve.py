"""Which source wins: flag, environment, project file, user file, system file, default.

For a value an instance can have of its own the flags and the environment come first (a person
says them now), then what a file says for this instance, then what a file says in general.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from greenbot.config import problems
from greenbot.config.files import DEFAULT, Origin
from greenbot.config.layers import Given, Layer
from greenbot.config.table import GENERAL, INSTANCE, SOURCES, Setting, Value, full_key
from greenbot.errors import ConfigError

#: Weaker than everything anybody said.
_UNSAID = 1_000

#: These follow another address unless they were said at least as strongly.
_FOLLOWERS = {"api.media_url": "api.base_url", "api.partner_url": "api.base_url", "media_url": "api_url"}


def media_url_for(api_url: str) -> str:
    """The upload host that belongs to an API host (GREEN-API docs: apiUrl and mediaUrl in the console).

    `https://7105.api.greenapi.com` → `https://7105.media.greenapi.com`; an address of another
    form, such as a simulator's, serves both.
    """
    parts = urlsplit(api_url)
    words = parts.netloc.split(".")
    if "api" not in words[:2]:
        return api_url
    at = words.index("api")
    return urlunsplit(parts._replace(netloc=".".join([*words[:at], "media", *words[at + 1 :]])))


class Resolved:
    """Every value that holds, by full key, with its origin, and what is wrong between them."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self.values: dict[str, Value] = {}
        self.origins: dict[str, Origin] = {}
        self.problems: list[ConfigError] = [problem for layer in layers for problem in layer.problems]
        self._ranks: dict[str, int] = {}
        self.instances = self._instances()
        for setting in GENERAL.values():
            self._settle(setting, None)
        for name in self.instances:
            for setting in INSTANCE.values():
                self._settle(setting, name)
        self._check_instances()

    def text(self, key: str) -> str:
        """A value that is text."""
        return str(self.values[key])

    def maybe_text(self, key: str) -> str | None:
        """A value that is text or was never said."""
        value = self.values[key]
        return None if value is None else str(value)

    def number(self, key: str) -> float:
        """A value that is a number."""
        value = self.values[key]
        assert isinstance(value, int | float), key
        return float(value)

    def count(self, key: str) -> int:
        """A value that is a whole number."""
        return int(self.number(key))

    def switch(self, key: str) -> bool:
        """A value that is on or off."""
        return self.values[key] is True

    def words(self, key: str) -> tuple[str, ...]:
        """A value that is a list."""
        value = self.values[key]
        return value if isinstance(value, tuple) else ()

    def source_of(self, key: str) -> tuple[str, Given] | None:
        """How a secret such as `instances.grand-kyiv.token` is read: `value` or one of SOURCES, and its argument."""
        for layer in self._layers:
            found = [(way, layer.values[f"{key}_{way}"]) for way in SOURCES if f"{key}_{way}" in layer.values]
            if key in layer.values:
                found.insert(0, ("value", layer.values[key]))
            if len(found) > 1:
                self.problems.append(_two_sources(key, found))
            if found:
                return found[0]
        return None

    def _instances(self) -> tuple[str, ...]:
        # The user's own file decides the order; what a project file mentions adds to it.
        weakest_first = (name for layer in reversed(self._layers) for name in layer.instances)
        return tuple(dict.fromkeys(weakest_first))

    def _settle(self, setting: Setting, instance: str | None) -> None:
        if setting.secret:
            return
        key = full_key(setting, instance)
        rank, given = self._search(key, setting)
        if setting.is_source and rank == _UNSAID:
            return
        leader = _FOLLOWERS.get(setting.key)
        if leader:
            leader_key = full_key(INSTANCE[leader], instance) if instance else leader
            if self._ranks[leader_key] < rank:
                given = _following(setting, self.values[leader_key], leader)
                rank = self._ranks[leader_key]
        self.values[key], self.origins[key], self._ranks[key] = given.value, given.origin, rank

    def _search(self, key: str, setting: Setting) -> tuple[int, Given]:
        """The strongest statement; the rank grows as statements get weaker."""
        said = [layer for layer in self._layers if not layer.is_file]
        files = [layer for layer in self._layers if layer.is_file]
        general = setting.inherits
        rank = 0
        for layers, keys in ((said, (key, general)), (files, (key,)), (files, (general,))):
            for layer in layers:
                for candidate in keys:
                    rank += 1
                    if candidate is not None and candidate in layer.values:
                        return rank, layer.values[candidate]
        default = GENERAL[general].default if general else setting.default
        return _UNSAID, Given(default, DEFAULT)

    def _check_instances(self) -> None:
        owners: dict[Value, str] = {}
        for name in self.instances:
            number = self.values[f"instances.{name}.id"]
            if number is None:
                self._no_id(name)
            elif number in owners:
                self._same_id(name, owners[number])
            else:
                owners[number] = name
        self._check_default()

    def _no_id(self, name: str) -> None:
        origin = next(layer.instances[name] for layer in self._layers if name in layer.instances)
        if any(f"instances.{name}.id" in str(problem) for problem in self.problems):
            return  # it has one that does not fit, which is already said
        key = f"instances.{name}"
        self.problems.append(
            problems.unfit(origin, key, "has no id", f"Write its idInstance below it: {INSTANCE['id'].example}")
        )

    def _same_id(self, name: str, other: str) -> None:
        key = f"instances.{name}.id"
        what = f"is also the id of {other}: two names for one number would break its limits and order"
        self.problems.append(problems.unfit(self.origins[key], key, what, f"Keep one of {other} and {name}."))

    def _check_default(self) -> None:
        name, origin = self.values["default_instance"], self.origins["default_instance"]
        if name is None or name in self.instances or origin.document is None:
            return  # a name given in a flag or the environment is judged where it is used
        near = problems.closest(str(name), self.instances)
        advice = f"Did you mean {near}?" if near else f"Write a section [instances.{name}], or another name."
        self.problems.append(problems.unfit(origin, "default_instance", f'names no instance: "{name}"', advice))


def _following(setting: Setting, leader: Value, leader_key: str) -> Given:
    url = str(leader)
    value = media_url_for(url) if setting.leaf == "media_url" else url
    return Given(value, Origin(kind="derived", name=leader_key))


def _two_sources(key: str, found: Sequence[tuple[str, Given]]) -> ConfigError:
    ways = [f"{key.rpartition('.')[2]}_{way}" for way, _ in found]
    what = f"has two sources: {' and '.join(ways)}"
    return problems.unfit(found[-1][1].origin, key, what, "Keep one of them.")


def unnamed_instance(environ: Mapping[str, str], files: Sequence[Layer], fallback: str) -> str | None:
    """Which instance GREEN_API_INSTANCE_ID and GREEN_API_TOKEN speak of; None when there is none.

    It is the one a file gives that id, else a new one called `fallback`; without an id in the
    environment it is the one that a file calls `fallback`.
    """
    wanted = environ.get("GREEN_API_INSTANCE_ID", "").strip()
    if not wanted:
        return fallback if any(fallback in layer.instances for layer in files) else None
    for layer in files:
        for name in layer.instances:
            given = layer.values.get(f"instances.{name}.id")
            if given and given.value == wanted:
                return name
    return fallback
