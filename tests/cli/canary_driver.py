"""Runs many command lines, each in a forked process with fresh knowledge of secrets; with `--naked`, without redaction.

    canary_driver.py JOBS.json FOLDER [--naked]

The output of job N goes to FOLDER/N.
"""

import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path

#: Imported once, before the forks: everything a command needs.
MODULES = ["greenbot.cli." + name for name in ("apicall", "config", "delivery", "instances", "outbox", "send", "sim")]
MODULES += [
    "greenbot.cli.sender",
    "greenbot.api.client",
    "greenbot.api.inline",
    "greenbot.outbox.deliver",
    "sqlite_utils",
]
MODULES += ["greenbot.config.load", "greenbot.config.edit", "greenbot.messages.outgoing", "greenbot.db.connect"]


#: The words redaction looks for: with them its patterns are compiled before the forks too.
EVERY_SHAPE = "wainstance partner qr.green gac. token green_api_ proxyinstance authorization ://@ webhook? 1.1:"


def take_off_the_mask() -> None:
    """Before anything else is imported: nothing is redacted any more."""
    import greenbot.redact

    greenbot.redact.redact = lambda text: text


def provoke_bug() -> None:
    """Let a call die with everything it knows in its message."""
    from greenbot.api.client import Client

    async def exchange(self: Client, *given: object, **named: object) -> None:
        known = [self.credentials.token.reveal(), dict(os.environ), self.credentials.api_url]
        url = f"{self.credentials.api_url}/waInstance1/sendMessage/{self.credentials.token.reveal()}"
        raise ValueError(f"cannot call {url}: {known!r} {given!r} {named!r}")

    Client.exchange = exchange  # type: ignore[method-assign,assignment]  # sabotage


def run(job: dict[str, object], into: Path) -> None:
    """One command line, as a process of its own would run it."""
    out = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(job.get("env") or {})  # type: ignore[call-overload]  # JSON made by the test
    if job.get("bug"):
        provoke_bug()
    from greenbot.cli.main import main

    code = main([str(word) for word in job["words"]])  # type: ignore[attr-defined]  # as above
    sys.stdout.flush()
    sys.stderr.flush()
    # Without taking the interpreter apart, which takes longer than the command.
    os._exit(code)


def main() -> None:
    """Work through the jobs."""
    if "--naked" in sys.argv:
        take_off_the_mask()
    for module in MODULES:
        import_module(module)
    import_module("greenbot.redact").redact(EVERY_SHAPE)
    gc.freeze()
    jobs, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    for number, job in enumerate(jobs):
        child = os.fork()
        if child == 0:
            run(job, folder / str(number))
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
