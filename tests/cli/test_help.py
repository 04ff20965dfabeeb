"""Help, shared options and completion of every command, found by walking the tree."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from greenbot.errors import ExitCode
from tests.cli.commands import Path, every_command, every_group
from tests.cli.harness import Desk

pytestmark = pytest.mark.integration

COMMANDS = dict(every_command())
GROUPS = list(every_group())
ON_EVERY_COMMAND = [
    "--json",
    "--quiet",
    "--verbose",
    "--debug",
    "--no-color",
    "--no-input",
    "--read-only",
    "--config",
    "--help",
]


@pytest.fixture(scope="module")
def reader(make_desk: Callable[[], Desk]) -> Desk:
    return make_desk()


def help_of(reader: Desk, words: Path) -> str:
    return reader.here(*words, "--help").ok().stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_begins_with_what_it_does_and_shows_examples(reader: Desk, words: Path) -> None:
    text = help_of(reader, words)
    first, _, rest = text.partition("\n")
    assert first[0].isupper(), first
    examples = re.search(r"\nExamples:\n((?:  .+\n)+)", text)
    assert examples, "no examples"
    assert f"greenbot {' '.join(words)}" in examples[1]
    assert rest.index("Examples:") < rest.index("Usage:") < rest.index("Shared options:")
    assert not re.search(r"<str>|<int>|<float>|\{[A-Z]+\}", text), "Typer's own words"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_examples_are_accepted_by_the_parser(words: Path) -> None:
    """An example that does not parse teaches an error."""
    command = COMMANDS[words]
    _, _, examples = (command.help or "").partition("Examples:")
    found = re.findall(rf"greenbot {' '.join(words)}((?: .*)?)$", examples, re.MULTILINE)
    for example in found:
        arguments = shlex.split(re.split(r" [|<>] ", f"{example} ")[0].replace("[…]", ""), comments=False)
        command.make_context("greenbot", arguments).close()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_shared_options_are_accepted_at_the_end(reader: Desk, words: Path) -> None:
    known = {name for param in COMMANDS[words].params for name in param.opts} | {"--help"}
    assert set(ON_EVERY_COMMAND) <= known
    said = reader.here(*words, *ON_EVERY_COMMAND[:-2], "--help")
    assert said.exit_code == ExitCode.DONE


@pytest.mark.parametrize(
    "words", [words for words in COMMANDS if words[0] in ("send", "instances", "config")], ids=" ".join
)
def test_what_sends_or_changes_can_be_tried_first(words: Path) -> None:
    known = {name for param in COMMANDS[words].params for name in param.opts}
    reads = words[-1] in (
        "list",
        "diff",
        "show",
        "get",
        "state",
        "path",
        "validate",
        "edit",
        "history",
        "health",
        "breaker",
    )
    assert "--dry-run" in known or reads or words == ("instances", "limit")


@pytest.mark.parametrize("words", GROUPS, ids=lambda words: " ".join(words) or "greenbot")
def test_a_group_alone_shows_its_commands(reader: Desk, words: Path) -> None:
    said = reader.here(*words).ok().stdout
    children = {other[len(words)] for other in COMMANDS if other[: len(words)] == words and len(other) > len(words)}
    assert children <= set(said.split())
    assert said == reader.here(*words, "--help").ok().stdout


def test_help_fits_eighty_columns_where_we_wrote_the_lines(reader: Desk) -> None:
    for words in COMMANDS:
        for line in help_of(reader, words).splitlines():
            assert len(line) <= 80 or line.lstrip().startswith(("greenbot", "echo", "EDITOR", "cat")), (words, line)


def test_every_page_of_the_guide_can_be_read(reader: Desk) -> None:
    topics = [line["topic"] for line in reader.here("help", "--json").ok().lines]
    assert "exit-codes" in topics
    for topic in topics:
        assert reader.here("help", topic).ok().stdout.startswith("# ")
    page = reader.here("help", "exit-codes").ok().stdout
    for code in ExitCode:
        assert re.search(rf"\b{int(code)}\b", page), f"{code!r} is not explained"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid_where_the_shell_is_there(reader: Desk, shell: str) -> None:
    script = reader.here("completion", shell).ok().stdout
    assert "_GREENBOT_COMPLETE" in script
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def complete(reader: Desk, *typed: str) -> list[str]:
    """What bash would offer for a line that ends in the last word."""
    env = {
        "_GREENBOT_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(("greenbot", *typed[:-1])) + f" {typed[-1]}",
        "COMP_CWORD": str(len(typed)),
    }
    return reader(env=env).ok().stdout.split()


def test_commands_options_and_live_names_are_completed(reader: Desk) -> None:
    reader.configure('[instances.grand-kyiv]\nid = "42"\ntags = ["coast"]\n')
    assert complete(reader, "se") == ["send", "serve", "service"]
    assert {"text", "file", "poll"} <= set(complete(reader, "send", ""))
    assert "--once-per" in complete(reader, "send", "text", "--o")
    assert complete(reader, "send", "text", "380441234567", "hi", "-i", "gr") == ["grand-kyiv"]
    assert complete(reader, "instances", "show", "gr") == ["grand-kyiv"]
    assert complete(reader, "instances", "list", "--tag", "co") == ["coast"]
    reader.here("alerts", "list").ok()
    assert complete(reader, "alerts", "show", "high_e") == ["high_error_rate"]
    assert complete(reader, "service", "show", "gra") == ["grafana"]
    reader.configure("[broken\n")
    assert complete(reader, "send", "text", "380441234567", "hi", "-i", "gr") == []


def test_fish_offers_commands_and_live_names_where_it_is_there(reader: Desk) -> None:
    if shutil.which("fish") is None:
        return
    reader.configure('[instances.grand-kyiv]\nid = "42"\n')
    script = reader.here("completion", "fish").ok().stdout
    (reader.folder / "greenbot.fish").write_text(script)
    asked = 'source greenbot.fish; complete -C "greenbot sen"; complete -C "greenbot instances show gr"'
    said = reader.shell(f'export PATH="$PWD/bin:$PATH"; {_program()}; fish --no-config -c {shlex.quote(asked)}').ok()
    assert [line.partition("\t")[0] for line in said.stdout.splitlines()] == ["send", "grand-kyiv"]


def test_zsh_is_given_words_it_can_evaluate_where_it_is_there(reader: Desk) -> None:
    if shutil.which("zsh") is None:
        return
    offered = reader(env={"_GREENBOT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "greenbot se"}).ok().stdout
    evaluated = f"_arguments() {{ print -r -- $1 }}; {offered}"
    said = subprocess.run(["zsh", "-f", "-c", evaluated], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert '"send":"Send a message"' in said.stdout


def _program() -> str:
    """Shell that puts a program called greenbot into the folder bin."""
    script = f'#!/bin/sh\nexec {sys.executable} -m greenbot "$@"\n'
    return f"mkdir -p bin; printf %s {shlex.quote(script)} > bin/greenbot; chmod +x bin/greenbot"


def test_the_version(reader: Desk) -> None:
    from greenbot.version import VERSION

    for words in (("--version",), ("-V",)):
        assert reader(*words).ok().stdout == f"greenbot {VERSION}\n"
        assert reader.here(*words).ok().stdout == f"greenbot {VERSION}\n"
