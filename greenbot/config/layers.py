"""What one source says, checked: flags, the environment, or a configuration file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from greenbot.config import problems
from greenbot.config.files import Document, Origin
from greenbot.config.kinds import Unfit, check, from_text, is_name
from greenbot.config.table import GENERAL, INSTANCE, SECTIONS, SETTINGS, Setting, Value, full_key
from greenbot.errors import BadConfigValue, ConfigError, UsageError

#: The instance made from GREEN_API_INSTANCE_ID when no file names one with that id.
UNNAMED = "default"


class Given(NamedTuple):
    """A value and where it comes from."""

    value: Value
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Layer:
    """The checked values of one source, by full key such as `instances.grand-kyiv.tags`."""

    kind: str
    values: dict[str, Given] = field(default_factory=dict)
    #: The instances it mentions.
    instances: dict[str, Origin] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)

    @property
    def is_file(self) -> bool:
        """Whether a file says it, rather than a person now."""
        return self.kind.endswith("file")


def find_setting(key: str) -> tuple[Setting, str | None] | None:
    """The setting of a full key and the instance it is for; None when there is no such setting."""
    head, _, rest = key.partition(".")
    if head != "instances":
        setting = GENERAL.get(key)
        return (setting, None) if setting else None
    name, _, leaf = rest.partition(".")
    setting = INSTANCE.get(leaf)
    return (setting, name) if setting and is_name(name) else None


def from_overrides(overrides: Mapping[str, str]) -> Layer:
    """What flags say. Raises `UsageError` for an unknown key, `BadConfigValue` for a value that does not fit."""
    layer = Layer(kind="flag")
    for key, text in overrides.items():
        found = find_setting(key)
        if found is None or found[0].secret:
            raise UsageError(f"There is no setting {key}.")
        setting, instance = found
        try:
            value = from_text(setting, text)
        except Unfit as error:
            raise BadConfigValue(f"{key} {error}.", hint=problems.value_advice(setting, as_text=True)) from None
        _put(layer, key, instance, Given(value, Origin(kind="flag", name=key)))
    return layer


def from_environment(environ: Mapping[str, str], *, unnamed: str | None) -> Layer:
    """What the environment says; instance values are for the instance called `unnamed`, if there is one."""
    layer = Layer(kind="environment")
    for setting in SETTINGS:
        text = environ.get(setting.env, "").strip() if setting.env else ""
        if not text or (setting.scope == "instance" and unnamed is None):
            continue
        instance = unnamed if setting.scope == "instance" else None
        key = full_key(setting, instance)
        origin = Origin(kind="environment", name=setting.env or "")
        try:
            value = text if setting.secret else from_text(setting, text)
        except Unfit as error:
            layer.problems.append(problems.bad_value(origin, key, setting, str(error)))
        else:
            _put(layer, key, instance, Given(value, origin))
    _choose_unnamed(layer, environ, unnamed)
    return layer


def _choose_unnamed(layer: Layer, environ: Mapping[str, str], unnamed: str | None) -> None:
    # Who sets GREEN_API_INSTANCE_ID means that instance, whatever a file calls the default.
    if unnamed and environ.get("GREEN_API_INSTANCE_ID", "").strip():
        origin = Origin(kind="environment", name="GREEN_API_INSTANCE_ID")
        layer.values.setdefault("default_instance", Given(unnamed, origin))


def from_document(document: Document) -> Layer:
    """What a file says; everything wrong with it is in `problems`, in the order of the file."""
    layer = Layer(kind=document.kind)
    for key, value in document.data.items():
        if key == "instances":
            _read_instances(layer, document, value)
        elif key in SECTIONS:
            _read_section(layer, document, key, value)
        else:
            _read_pair(layer, document, (key,), value)
    return layer


def _read_section(layer: Layer, document: Document, section: str, value: object) -> None:
    if not isinstance(value, dict):
        origin = Origin(kind=document.kind, document=document, path=(section,))
        advice = f"Write [{section}] on a line of its own and the settings below it."
        layer.problems.append(problems.unfit(origin, section, "is a section, not a value", advice))
        return
    for leaf, inner in value.items():
        _read_pair(layer, document, (section, leaf), inner)


def _read_instances(layer: Layer, document: Document, value: object) -> None:
    for name, table, what in _instance_tables(value):
        path: tuple[str | int, ...] = ("instances", name) if name else ("instances",)
        origin = Origin(kind=document.kind, document=document, path=path)
        if what:
            advice = "Write [instances.NAME] with a name such as grand-kyiv, and its settings below it."
            layer.problems.append(problems.unfit(origin, ".".join(map(str, path)), what, advice))
            continue
        layer.instances[name] = origin
        for leaf, inner in table.items():
            _read_pair(layer, document, ("instances", name, leaf), inner)


def _instance_tables(value: object) -> Iterator[tuple[str, dict[str, object], str]]:
    """Name, table and what is wrong with them, if anything."""
    if not isinstance(value, dict):
        yield "", {}, "should hold one section for each instance"
        return
    for name, table in value.items():
        if not is_name(name):
            yield name, {}, "should be a name of small letters, digits, - and _, and not the word all"
        elif not isinstance(table, dict):
            yield name, {}, "should be the section of an instance"
        else:
            yield name, table, ""


def _read_pair(layer: Layer, document: Document, path: tuple[str, ...], value: object) -> None:
    key, leaf = ".".join(path), path[-1]
    origin = Origin(kind=document.kind, document=document, path=path)
    setting = INSTANCE.get(leaf) if path[0] == "instances" else GENERAL.get(key)
    if setting is None or "." in leaf:
        inside = path[0] if len(path) > 1 else ""
        layer.problems.append(problems.unknown(origin, key, leaf, value, inside=inside))
    elif setting.secret:
        layer.problems.append(problems.secret_in_file(origin, key, setting, value))
    elif setting.trusted and document.kind == "project file":
        layer.problems.append(problems.unfit(origin, key, *_NOT_IN_PROJECT))
    else:
        _check_pair(layer, origin, key, setting, value)


_NOT_IN_PROJECT = (
    "may not be set by a project file: it could send a token or guests' messages elsewhere",
    "Move the line to your own configuration; see where it is with: greenbot config path",
)


def _check_pair(layer: Layer, origin: Origin, key: str, setting: Setting, value: object) -> None:
    try:
        layer.values[key] = Given(check(setting, value), origin)
    except Unfit as error:
        layer.problems.append(problems.bad_value(origin, key, setting, str(error)))


def _put(layer: Layer, key: str, instance: str | None, given: Given) -> None:
    layer.values[key] = given
    if instance is not None:
        layer.instances.setdefault(instance, given.origin)
