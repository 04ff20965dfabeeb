"""The line of a key, in every way TOML lets it be written."""

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from greenbot.config.lines import KeyLines

TEXT = '''\
# a comment with [brackets] and key = "value"
top = 1            # trailing = comment
"quoted key" = 2
'literal key' = 3
"esc\\u0061ped" = 4
a.dotted."key x".here = 5

[api]  # header = comment
timeout_seconds = 30
text = """
fake = 1
[fake]
ends with quotes"""""
raw = \'\'\'
also_fake = 2\'\'\'
after = 1
inline = { one = 1, "two x" = [ 1, { deep = 2 } ], three.four = 5 }
list = [
  1, # [not.a.header]
  "a = b",
  { inner = 1 },
]
last = 1979-05-27 07:32:00

  [ instances . "grand-kyiv" ]
  id = "1"
[[hooks]]
url = "a"
[hooks.more]
x = 1
[[hooks]]
url = "b"
[[hooks.rules]]
kind = 1
[[hooks.rules]]
kind = 2
[empty]
[after."the # empty"]
end = \'\'\
'''


@pytest.mark.parametrize(
    "path, line",
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("literal key",), 4),
        (("escaped",), 5),
        (("a",), 6),
        (("a", "dotted", "key x", "here"), 6),
        (("api",), 8),
        (("api", "timeout_seconds"), 9),
        (("api", "text"), 10),
        (("api", "raw"), 14),
        (("api", "after"), 16),
        (("api", "inline", "one"), 17),
        (("api", "inline", "two x", 1, "deep"), 17),
        (("api", "inline", "three", "four"), 17),
        (("api", "list"), 18),
        (("api", "list", 1), 20),
        (("api", "list", 2, "inner"), 21),
        (("api", "last"), 23),
        (("instances", "grand-kyiv"), 25),
        (("instances", "grand-kyiv", "id"), 26),
        (("hooks",), 27),
        (("hooks", 0, "url"), 28),
        (("hooks", 0, "more", "x"), 30),
        (("hooks", 1), 31),
        (("hooks", 1, "url"), 32),
        (("hooks", 1, "rules", 0, "kind"), 34),
        (("hooks", 1, "rules", 1, "kind"), 36),
        (("empty",), 37),
        (("after", "the # empty", "end"), 39),
        # what does not stand there has the line of what would hold it
        (("api", "fake"), 8),
        (("empty", "nothing"), 37),
        (("after",), 38),
        (("fake",), None),
        (("also_fake",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key(path: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(TEXT)
    assert KeyLines(TEXT).line_of(path) == line


def test_a_value_over_several_lines_spans_them() -> None:
    spans = KeyLines(TEXT).pairs
    assert spans[("api", "text")] == (10, 13)
    assert spans[("api", "raw")] == (14, 15)
    assert spans[("api", "list")] == (18, 22)
    assert spans[("api", "last")] == (23, 23)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a = 1", "[t]", "a = 1\r\nb = 2\r\n"])
def test_short_texts_are_no_trouble(text: str) -> None:
    assert KeyLines(text).line_of(("b",)) == (2 if "b" in text and "=" in text and "#" not in text else None)


_KEYS = st.text(min_size=1, max_size=6)
_VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5), st.booleans())
def test_every_key_of_any_document_is_found_on_a_line_that_shows_it(data: dict[str, object], multiline: bool) -> None:
    text = tomli_w.dumps(data, multiline_strings=multiline)
    known = KeyLines(text)
    for path in _paths(tomllib.loads(text), ()):
        line = known.line_of(path)
        assert line is not None
        name = path[-1]
        if isinstance(name, str) and name.isascii() and name.isalnum():
            assert name in text.split("\n")[line - 1]


def _paths(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _paths(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += [where for where in _paths(inner, (*path, index)) if where[-1] != index]
    return found
