"""Reading what strace saw: every change of the store's files and every sync, in their order."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

CALLS = "openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"
_LINE = re.compile(r"(?P<pid>\d+)\s+(?P<rest>.*)")
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<tail>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<args>.*)\)\s+= (?P<result>-?\d+)")
_FD = re.compile(r"\d+<(?P<path>(?:\\x[0-9a-f]{2})*)(?:\\x20\\x28[^>]*)?>")
_TEXT = re.compile(r'"(?P<text>(?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One change or sync of a file. `began` and `ended` are positions in the trace."""

    kind: Literal["write", "truncate", "create", "unlink", "sync"]
    path: str
    began: int
    ended: int
    offset: int = 0
    data: bytes = b""
    size: int = 0


def ops_of(lines: Iterable[str]) -> Iterator[Op]:
    """Every finished call, in the order in which they ended."""
    pending: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            continue
        pid, rest = found["pid"], found["rest"]
        began = number
        if rest.endswith("<unfinished ...>"):
            pending[pid] = (number, rest.removesuffix("<unfinished ...>"))
            continue
        resumed = _RESUMED.fullmatch(rest)
        if resumed is not None:
            began, head = pending.pop(pid)
            rest = head + resumed["tail"]
        call = _CALL.match(rest)
        if call is not None and int(call["result"]) >= 0:
            yield from _op(call, began, number)


def _op(call: re.Match[str], began: int, ended: int) -> Iterator[Op]:
    name, args = call["name"], call["args"]
    texts = [_bytes(found["text"]) for found in _TEXT.finditer(args)]
    fd = _FD.match(args)
    path = _bytes(fd["path"]).decode() if fd else ""
    match name:
        case "pwrite64":
            offset = int(args.rpartition(",")[2])
            yield Op(kind="write", path=path, began=began, ended=ended, offset=offset, data=texts[0])
        case "write":
            yield Op(kind="write", path=path, began=began, ended=ended, offset=-1, data=texts[0])
        case "fdatasync" | "fsync":
            yield Op(kind="sync", path=path, began=began, ended=ended)
        case "ftruncate":
            size = int(args.rpartition(",")[2])
            yield Op(kind="truncate", path=path, began=began, ended=ended, size=size)
        case "openat" if "O_CREAT" in args:
            yield Op(kind="create", path=texts[0].decode(), began=began, ended=ended)
        case "unlink" | "unlinkat":
            yield Op(kind="unlink", path=texts[0].decode(), began=began, ended=ended)
        case "rename" | "renameat" | "renameat2":
            raise AssertionError(f"nothing renames the store's files: {texts}")
        case _:
            pass


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
