"""The project's own files, as git sees them, or as they lie there when the project came as an archive."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("__pycache__", "htmlcov", "build", "dist")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, relative to its top, sorted; files that git ignores do not belong."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
        return tuple(sorted(name for name in names if (ROOT / name).is_file()))
    return tuple(sorted(_walk()))


def _walk() -> list[Path]:
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not _is_generated(path)]


def _is_generated(path: Path) -> bool:
    top = path.parts[0]
    hidden = top.startswith(".") and top not in {".ci", ".gitignore", ".github"}
    return hidden or any(part in GENERATED or part.endswith(".egg-info") for part in path.parts)


def python_files(folder: str) -> tuple[Path, ...]:
    """The project's Python files below `folder`, relative to the top."""
    return tuple(path for path in project_files() if path.parts[0] == folder and path.suffix == ".py")


def module_name(path: Path) -> str:
    """`greenbot/db/connect.py` is `greenbot.db.connect`; a package is named by its folder."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def text_of(path: Path) -> str:
    """The text of a project file; bytes that are not UTF-8 are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")
