"""Who may import whom: the staircase of greenbot's packages and the walls around its libraries, as pure functions."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

#: Imports only point down, and packages on one step do not import each other.
STAIRCASE: tuple[frozenset[str], ...] = tuple(
    frozenset(step.split())
    for step in (
        "errors clock redact chat_id safe_text failpoints digests version",
        "config messages db logs simulator installed",
        "api resilience outbound",
        "outbox inbox metrics",
        "chats campaigns hooks account_settings",
        "alerts",
        "board fleet",
        "overview",
        "overview_json",
        "dashboard server daemon effects trace report restored soundness",
        "wiring handlers demo",
        "serving doctor",
        "cli",
        "entry",
        "__main__",
    )
)

#: The ground step is the one whose modules know each other; they need the standard library only.
GROUND = STAIRCASE[0]

#: Where a library may be imported. A library that is missing here may be imported nowhere.
WALLS: dict[str, tuple[str, ...]] = {
    "typer": ("greenbot.cli",),
    "rich": ("greenbot.cli", "greenbot.dashboard", "greenbot.demo"),
    "httpx": ("greenbot.api", "greenbot.alerts.notify"),
    "httpcore": ("greenbot.api",),
    "certifi": ("greenbot.api", "greenbot.outbound"),
    # greenbot.api: the worker's engine; httpx's own pool slows down beyond ten connections.
    "aiohttp": ("greenbot.server", "greenbot.simulator", "greenbot.outbound", "greenbot.api.aiohttp_transport"),
    "sqlite3": ("greenbot.db.driver",),
    "pysqlite3": ("greenbot.db.driver",),
    "sqlite_utils": ("greenbot.db",),
    "msgspec": (
        "greenbot.api",
        "greenbot.messages",
        "greenbot.inbox",
        "greenbot.metrics.now",
        "greenbot.board",
        "greenbot.overview",
        "greenbot.server",
    ),
    "tomlkit": ("greenbot.config",),
    "tomli_w": ("greenbot.config", "greenbot.alerts", "greenbot.account_settings"),
    "apprise": ("greenbot.alerts.notify.apprise",),
    "platformdirs": ("greenbot.config",),
    "keyring": ("greenbot.config",),
    "uvloop": ("greenbot.daemon",),
}


#: Beyond the standard library: modules that exist for type checkers alone.
STUBS = frozenset({"_typeshed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that a module imports, and on which line."""

    line: int
    target: str


def imports_of(tree: ast.Module) -> Iterator[Import]:
    """Every import in a file: at the top, inside functions, for type checkers only, and by `import_module("...")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (Import(line=node.lineno, target=alias.name) for alias in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                yield from (Import(line=node.lineno, target=_target(module, alias.name)) for alias in names)
            case ast.ImportFrom():
                yield Import(line=node.lineno, target=".")
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(module)), *_]
            ):
                if called in {"import_module", "__import__"}:
                    yield Import(line=node.lineno, target=module)
            case _:
                pass


def _target(module: str, name: str) -> str:
    # `from greenbot import errors` names a module; deeper ones are told apart by their package alone.
    return f"{module}.{name}" if module == "greenbot" else module


def step_of(module: str) -> int | None:
    """The step a greenbot module stands on; None when its package is on no step yet."""
    package = module.split(".")[1]
    return next((number for number, step in enumerate(STAIRCASE) if package in step), None)


def complaint(importer: str, target: str) -> str | None:
    """Why `importer` (such as `greenbot.outbox.table`) must not import `target`; None when it may."""
    if target == ".":
        return "write the full name: relative imports hide which step is meant"
    library = target.split(".", maxsplit=1)[0]
    if library == "greenbot":
        return _broken_step(importer, target) if "." in target else None
    if library in WALLS:
        allowed = WALLS[library]
        return None if _inside(importer, allowed) else f"{library} may be imported only in {', '.join(allowed)}"
    if library not in sys.stdlib_module_names | STUBS:
        return f"{library} stands in no wall: say in WALLS where it may be imported"
    return None


def _broken_step(importer: str, target: str) -> str | None:
    package, needed = importer.split(".")[1], target.split(".")[1]
    here, there = step_of(importer), step_of(target)
    if here is None or there is None:
        return f"greenbot.{package if here is None else needed} stands on no step: give it one in STAIRCASE"
    if package == needed:
        return None
    if package == "simulator" and (needed not in GROUND or needed == "chat_id"):
        return "the simulator judges the client, so it shares nothing with it but the ground (and not chat_id)"
    if there > here:
        return f"step {here} must not import step {there}, which stands above it"
    if there == here and needed not in GROUND:
        return f"greenbot.{package} and greenbot.{needed} stand on the same step"
    return None


def _inside(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
