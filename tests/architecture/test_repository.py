"""What lies in the repository: fixed names at the top, nothing of one machine, no secret, a lock that fits."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from greenbot.version import VERSION
from tests.architecture.files import ROOT, project_files, text_of

TOP_LEVEL = {"greenbot", "tests", "config.example.toml", "pyproject.toml", "Makefile", "README.md"}
LOCKS = {
    "main": Path(".ci/requirements.txt"),
    "interop": Path(".ci/requirements-interop.txt"),
    "limiter": Path(".ci/requirements-limiter.txt"),
}
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".ogg", ".mp3", ".mp4", ".pdf"}
TEXT_FILES = tuple(path for path in project_files() if path.suffix not in PICTURES)

#: Folders of the machines we build on. Put together here, so this file does not hold what it forbids.
MACHINE_PATHS = re.compile(
    "|".join(["/" + "root/", "/" + "work/", "/" + "tmp/(?:exp|plan|build)/", "/" + "opt/(?:wheels|pypi)"])
)
REGISTRIES = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "test" + "pypi"]))

SECRETS = {
    "a private key": re.compile("-----BEGIN " + "[A-Z ]*PRIVATE KEY-----"),
    "a token of a code host": re.compile(r"\b(?:gh[pousr]_|github_" + r"pat_|glpat-)[A-Za-z0-9_]{20,}"),
    "a chat or bot token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}|\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    "a cloud key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}\b|\bsk-[A-Za-z0-9-]{32,}"),
}
#: GREEN-API tokens are 50 hexadecimal digits. This one is the example in GREEN-API's own documentation.
TOKEN = re.compile(r"\b[0-9a-f]{50}\b")
PUBLISHED = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"


def secrets_in(text: str) -> Iterator[str]:
    """What looks like a secret somebody uses."""
    yield from (name for name, pattern in SECRETS.items() if pattern.search(text))
    if any(_looks_drawn_by_lot(token) for token in TOKEN.findall(text) if token != PUBLISHED):
        yield "a GREEN-API token"


def _looks_drawn_by_lot(token: str) -> bool:
    # Who invents a token repeats something; drawn by lot, not even six digits in a row occur twice.
    pieces = Counter(token[start : start + 6] for start in range(len(token) - 5))
    return len(set(token)) >= 12 and max(pieces.values()) == 1


@pytest.mark.parametrize("path", TEXT_FILES, ids=str)
def test_no_file_holds_a_secret(path: Path) -> None:
    assert list(secrets_in(text_of(path))) == []


@pytest.mark.parametrize("path", TEXT_FILES, ids=str)
def test_no_file_names_a_place_on_one_machine_or_a_package_index(path: Path) -> None:
    text = text_of(path)
    assert MACHINE_PATHS.findall(text) == []
    assert REGISTRIES.findall(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "token = " + "a75b3a66374942c5" + "b3c019c698abc206" + "7e151558acbd412345",
        "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
        "gh" + "p_0123456789abcdefghijABCDEFGHIJ012345",
        "xox" + "b-123456789012-abcdefghijkl",
        "AKIA" + "IOSFODNN7EXAMPLE",
    ],
)
def test_a_secret_is_noticed(text: str) -> None:
    assert list(secrets_in(text)) != []


@pytest.mark.parametrize("text", ["a" * 50, "0123456789abcdef" * 3 + "01", "deadbeef" * 6 + "de", "f" * 64])
def test_an_invented_token_is_accepted(text: str) -> None:
    assert list(secrets_in(text)) == []


@pytest.mark.parametrize("text", ["/" + "root/.cache", "/" + "work/main", "/" + "opt/wheels"])
def test_a_machine_path_is_noticed(text: str) -> None:
    assert MACHINE_PATHS.search(text)


def test_the_top_level_holds_the_fixed_names_and_dot_files_only() -> None:
    names = {path.parts[0] for path in project_files()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_the_changelog_tells_of_this_version() -> None:
    assert VERSION in (ROOT / "greenbot" / "guide" / "changelog.md").read_text(encoding="utf-8")


def test_the_configured_version_is_the_literal() -> None:
    pattern = PYPROJECT["tool"]["hatch"]["version"]["pattern"]
    found = re.search(pattern, text_of(Path("greenbot/version.py")))
    assert found is not None
    assert found["version"] == VERSION


# --- the locks ------------------------------------------------------------------------------------------------------


PYPROJECT = tomllib.loads(text_of(Path("pyproject.toml")))
GROUPS = PYPROJECT["dependency-groups"]
WANTED: dict[str, list[str]] = {
    "main": [*PYPROJECT["project"]["dependencies"], *GROUPS["dev"], *PYPROJECT["build-system"]["requires"]],
    "interop": GROUPS["interop"],
    "limiter": GROUPS["limiter"],
}


def locked(environment: str) -> dict[str, Requirement]:
    lines = text_of(LOCKS[environment]).splitlines()
    pinned = [Requirement(line.rstrip(" \\")) for line in lines if re.match("[a-z]", line)]
    return {requirement.name: requirement for requirement in pinned}


@pytest.mark.parametrize("environment", LOCKS)
def test_the_lock_holds_every_dependency_in_an_allowed_version(environment: str) -> None:
    pinned = locked(environment)
    unfit = [
        str(requirement)
        for requirement in map(Requirement, WANTED[environment])
        if requirement.name not in pinned
        or not requirement.specifier.contains(str(pinned[requirement.name].specifier).removeprefix("=="))
    ]
    assert unfit == [], "pyproject.toml changed: run make lock"


@pytest.mark.parametrize("path", LOCKS.values(), ids=str)
def test_the_lock_says_what_and_never_from_where(path: Path) -> None:
    lines = text_of(path).splitlines()[1:]
    package = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not package.fullmatch(line) and not digest.fullmatch(line)] == []


@pytest.mark.parametrize("path", LOCKS.values(), ids=str)
def test_every_locked_package_has_a_digest(path: Path) -> None:
    blocks = re.split(r"\n(?=[a-z])", text_of(path))[1:]
    assert len(blocks) > 1
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


# --- make -----------------------------------------------------------------------------------------------------------

TARGETS = ["help", "demo", "test", "test-unit", "test-integration", "test-webhook", "test-green-api", "test-coverage"]
TARGETS += ["check", "bench", "startup", "interop", "audit", "lock", "clean"]
TARGETS += ["verify", "verify-outbox", "verify-inbox", "verify-powerloss", "verify-disk"]
TARGETS += ["verify-restarts", "verify-campaign", "verify-intake", "verify-limits", "verify-writers"]
TARGETS += ["verify-logs", "verify-simulation", "verify-page", "verify-dashboard"]


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_explained_in_one_line(target: str) -> None:
    lines = [line for line in text_of(Path("Makefile")).splitlines() if line.startswith(f"{target}:")]
    assert len(lines) == 1
    assert re.search(r"  ## \S", lines[0])


def test_no_make_target_is_left_out_of_the_list() -> None:
    defined = re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), flags=re.MULTILINE)
    assert sorted(defined) == sorted(TARGETS)
