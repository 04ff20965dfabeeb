"""The settings of living numbers as a file for `settings diff` and `settings apply`. Pure."""

from collections.abc import Iterator, Mapping

import tomli_w

from greenbot.account_settings.fields import FIELDS, Value, is_secret, settled
from greenbot.errors import UsageError

Living = Mapping[str, object]
_HEAD = "# Settings of numbers at GREEN-API. Look first: greenbot instances settings diff FILE\n\n"


def text_of(fleet: Mapping[str, Living], *, whole: bool) -> str:
    """The file that wishes what is, without secrets. With `whole`, what all numbers share stands under [defaults]."""
    written = {name: dict(_written(living)) for name, living in fleet.items()}
    shared = _shared(list(written.values())) if whole and len(written) > 1 else {}
    own = {
        name: {field: value for field, value in fields.items() if field not in shared}
        for name, fields in written.items()
    }
    document: dict[str, object] = {"defaults": shared} if shared else {}
    document |= {"instances": {name: fields for name, fields in own.items() if fields}}
    return _HEAD + "".join(_notes(fleet)) + tomli_w.dumps(document)


def _written(living: Living) -> Iterator[tuple[str, Value]]:
    for name in FIELDS:
        if name in living and not is_secret(name, living[name]):
            try:
                yield name, settled(name, living[name])
            except UsageError:
                # GREEN-API holds something that greenbot would not set: it stays as it is.
                continue


def _shared(fleet: list[dict[str, Value]]) -> dict[str, Value]:
    first, *others = fleet
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _notes(fleet: Mapping[str, Living]) -> Iterator[str]:
    secret = {field for living in fleet.values() for field in FIELDS if is_secret(field, living.get(field))}
    if secret:
        yield f"# Not written here, because secret: {', '.join(sorted(secret))}.\n"
        yield '# Name where such a thing is kept, for example: webhookUrlToken_from = "instance"\n\n'
