"""Every command line in the guide is one the program understands, and every command is somewhere in the guide."""

import re

import pytest

from tests.guide.commands import Words, every_command, in_script, leaf_of, lines_to_type, mentions, options_of, parse
from tests.guide.pages import PAGES, text_of

TYPED = [(name, words) for name in PAGES for words in lines_to_type(text_of(name))]
#: The page that is made from the tree proves nothing about the others.
_WRITTEN = [name for name in PAGES if name != "commands"]
MENTIONED = [(name, words) for name in PAGES for words in mentions(text_of(name))]


def shown(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("page", "words"), TYPED, ids=shown)
def test_a_command_to_type_is_understood_as_it_is_printed(page: str, words: Words) -> None:
    parse(words)


@pytest.mark.parametrize(("page", "words"), MENTIONED, ids=shown)
def test_a_command_named_in_a_sentence_exists_with_its_options(page: str, words: Words) -> None:
    command, rest = leaf_of(words)
    named = {word.partition("=")[0] for word in rest if re.match("--?[a-z]", word)}
    assert named - options_of(command) == set()


@pytest.mark.parametrize("path", sorted(every_command()))
def test_every_command_is_in_the_guide(path: str) -> None:
    shown = [words for page, words in [*TYPED, *MENTIONED] if page in _WRITTEN]
    found = [words for words in shown if " ".join(words).split()[: len(path.split())] == path.split()]
    assert found, f"no page shows: greenbot {path}"


@pytest.mark.parametrize(
    "words",
    [
        ("sned", "text"),
        ("send", "txt", "1", "x"),
        ("send", "text", "1", "x", "--no-such-option"),
        ("outbox", "show", "not-a-number"),
        ("send", "location", "1", "north", "east"),
    ],
    ids=shown,
)
def test_a_command_that_does_not_exist_is_noticed(words: Words) -> None:
    with pytest.raises(Exception, match=r"No such|not a valid"):
        parse(words)


def test_commands_are_found_wherever_a_shell_would_run_them() -> None:
    script = """
        ID=$(greenbot a -q)
        if greenbot b "x y" | head; then greenbot c > out || greenbot d "$(greenbot e)"; fi
        # greenbot f
    """
    assert sorted(words[0] for words in in_script(script)) == list("abcde")
