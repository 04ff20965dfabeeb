"""Habits of the code that a machine can check, as pure functions over one parsed file."""

import ast
from collections.abc import Iterator

MAX_LINES = 400

#: Functions that read a clock or wait; the clock is an argument everywhere but in these modules.
CLOCK_READERS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock_gettime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
CLOCKS = ("greenbot.clock", "greenbot.simulator.clock")

#: `random.Random(seed)` handed in as an argument is fine; the hidden global generator is not.
OWN_GENERATORS = {"Random", "SystemRandom"}

SQL_RUNNERS = {"execute", "executemany", "executescript", "all", "one", "scalar"}
FILE_READERS = {"open", "read_bytes", "read_text", "write_bytes", "write_text", "copy", "copyfile", "copy2"}

Complaint = tuple[int, str]


def clock_reads(module: str, tree: ast.Module) -> Iterator[Complaint]:
    """Reading the machine's clock in the middle of logic."""
    if module in CLOCKS:
        return
    arguments = _defaults(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute() if node in arguments:
                pass  # `monotonic=time.monotonic`: the caller may hand in another
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                if name in CLOCK_READERS.get(owner, ()):
                    yield node.lineno, f"{owner}.{name} reads the clock: take a Clock as an argument"
            case ast.ImportFrom(module="time", names=names):
                for alias in names:
                    if alias.name in CLOCK_READERS["time"]:
                        yield node.lineno, f"time.{alias.name} reads the clock: take a Clock as an argument"
            case _:
                pass


def _defaults(tree: ast.Module) -> set[ast.expr]:
    functions = [node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {default for found in functions for default in (*found.defaults, *found.kw_defaults) if default is not None}


def hidden_randomness(_module: str, tree: ast.Module) -> Iterator[Complaint]:
    """Drawing from the global random generator, which no test can seed."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="random"), attr=name) if name not in OWN_GENERATORS:
                yield node.lineno, f"random.{name} cannot be seeded: take a random.Random as an argument"
            case ast.ImportFrom(module="random", names=names):
                for alias in names:
                    if alias.name not in OWN_GENERATORS:
                        yield node.lineno, f"random.{alias.name} cannot be seeded: take a random.Random as an argument"
            case _:
                pass


def prints(module: str, tree: ast.Module) -> Iterator[Complaint]:
    """Printing anywhere but in the command line."""
    if module.startswith("greenbot.cli."):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "input")):
                yield node.lineno, "only greenbot.cli prints and asks"
            case _:
                pass


def composed_sql(_module: str, tree: ast.Module) -> Iterator[Complaint]:
    """SQL put together from pieces at run time. A PRAGMA takes no parameters, so it may be."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=called), args=[statement, *_]) if called in SQL_RUNNERS:
                if _is_composed(statement) and not _is_pragma(statement):
                    yield node.lineno, f"{called}() gets SQL put together at run time: use named parameters"
            case _:
                pass


def _is_composed(statement: ast.expr) -> bool:
    match statement:
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.FormattedValue) for part in parts)
        case ast.BinOp(left=left, op=ast.Mod() | ast.Add()):
            return _is_text(left)
        case ast.Call(func=ast.Attribute(value=text, attr="format")):
            return _is_text(text)
        case _:
            return False


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
        case _:
            return False


def _is_pragma(statement: ast.expr) -> bool:
    match statement:
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return start.lstrip().upper().startswith("PRAGMA ")
        case _:
            return False


def store_opened(module: str, tree: ast.Module) -> Iterator[Complaint]:
    """Opening the store's file by hand: closing it again drops SQLite's locks for the whole process."""
    if module == "greenbot.db.connect":
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in FILE_READERS:
                if any(word in ast.unparse(node) for word in ("store_file", "greenbot.db'", "db.path")):
                    yield node.lineno, "only db.connect() opens the store's file"
            case _:
                pass


HABITS = (clock_reads, hidden_randomness, prints, composed_sql, store_opened)
