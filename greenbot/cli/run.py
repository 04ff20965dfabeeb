"""Where and how this command runs: the environment, the shared options, and what is opened on first use."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.clock import Clock, SystemClock
from greenbot.errors import ConfigError, ReadOnly, UsageError

if TYPE_CHECKING:
    from greenbot.api.client import CallRecord, Client
    from greenbot.api.engine import Engine
    from greenbot.cli.output import Output
    from greenbot.config.settings import Instance, Settings
    from greenbot.db.audit import Operator
    from greenbot.db.connect import Db
    from greenbot.logs.book import Book


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # no more than a start needs
class Flags:
    """The shared options as they were given."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    no_input: bool = False
    read_only: bool = False
    config: str | None = None
    instance: str | None = None
    tag: str | None = None
    dry_run: bool = False
    yes: bool = False
    columns: str | None = None
    sort: str | None = None
    csv: bool = False
    full: bool = False
    at: str | None = None
    tz: str | None = None
    expire: str | None = None
    priority: str | None = None
    wait_for: str | None = None
    timeout: str | None = None
    queue: bool = False
    direct: bool = False


class Run:
    """One command run. Settings and store are read only when a command asks for them."""

    def __init__(self, flags: Flags, *, environ: Mapping[str, str], cwd: Path, clock: Clock) -> None:
        self.flags = flags
        self.environ = environ
        self.cwd = cwd
        self.clock = clock
        self._opened: list[Client] = []
        self._calls: list[CallRecord] = []
        self._waits: list[tuple[str, int]] = []
        if flags.debug:
            from greenbot.logs.debug import show_debug

            show_debug(sys.stderr)

    @classmethod
    def begin(cls, flags: Flags) -> "Run":
        """The run of this process; from now on it keeps a log."""
        from greenbot.logs.notes import begin

        run = cls(flags, environ=os.environ, cwd=_working_folder(), clock=SystemClock())
        begin(run._open_log)
        return run

    @cached_property
    def out(self) -> "Output":
        """Where this command speaks."""
        from greenbot.cli.output import Output

        return Output.of_process(self.flags, self.environ)

    @cached_property
    def settings(self) -> "Settings":
        """The configuration, read and checked. Raises `ConfigError`."""
        from greenbot.config.load import load

        return load(self.config_environ, cwd=self.cwd)

    @property
    def config_environ(self) -> Mapping[str, str]:
        """Where the configuration is looked for. Raises `ConfigError` for a `--config` that is not there."""
        if self.flags.config is None:
            return self.environ
        file = self.cwd / self.flags.config
        if not file.is_file():
            raise ConfigError(f"There is no configuration file {file}.", hint="Correct --config.")
        return {**self.environ, "GREENBOT_CONFIG": str(file)}

    @cached_property
    def store(self) -> "Db":
        """The store, opened and up to date. Raises `StoreError`."""
        from greenbot.wiring import open_store

        return open_store(self.settings, self.clock, create=not self.read_only)

    @property
    def instance(self) -> "Instance":
        """The instance this command is for: named, the default, or the only one."""
        return self.settings.instance(self.flags.instance)

    @property
    def instances(self) -> "tuple[Instance, ...]":
        """The instances this command is for, where it can be several."""
        return self.settings.select(self.flags.instance, tag=self.flags.tag)

    @property
    def can_ask(self) -> bool:
        """There is a person at a terminal who may be asked."""
        return not self.flags.no_input and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def actor(self) -> str:
        """Who runs this, for logs and the audit: the name of the account, and of the person who became it."""
        import pwd

        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"uid {os.getuid()}"
        person = self.environ.get("SUDO_USER", "")
        return f"{person} as {name}" if person and person != name else name

    @property
    def operator(self) -> "Operator":
        """The same with the clock, for what writes the audit."""
        from greenbot.db.audit import Operator

        return Operator(name=self.actor, clock=self.clock)

    def client(self, instance: "Instance", *, transport: "Engine | None" = None) -> "Client":
        """A client for one instance and this one command; --debug shows its calls. Raises `TokenMissing`.

        `transport`: an engine of the caller, who works in an event loop and closes it there.
        """
        from greenbot.wiring import make_client

        client = make_client(self.settings, instance, self.clock, transport=transport or "inline", on_call=self._called)
        self._opened.append(client)
        return client

    def partner_client(self) -> "Client":
        """A client for the partner account alone. Raises `TokenMissing` without a partner token."""
        from greenbot.api.client import Client, Credentials
        from greenbot.api.request import Timeouts
        from greenbot.redact import Secret

        partner_token, api = self.settings.partner_token(), self.settings.api
        credentials = Credentials(
            instance_name="partner account",
            id="",
            token=Secret(""),
            partner_url=api.partner_url,
            partner_token=partner_token,
        )
        timeouts = Timeouts(read=api.timeout_seconds)
        client = Client(credentials, timeouts=timeouts, transport="inline", on_call=self._shown, clock=self.clock)
        self._opened.append(client)
        return client

    def _called(self, record: "CallRecord") -> None:
        self._calls.append(record)
        self._shown(record)

    def held_back(self, instance: str, wait_ms: int) -> None:
        """A message of this command waited for a rate limit."""
        self._waits.append((instance, wait_ms))

    def _shown(self, record: "CallRecord") -> None:
        if self.flags.debug:
            from greenbot.logs.debug import log_call

            log_call(record)

    def _open_log(self, *, collects: bool) -> "Book | None":
        """Asked when there is something to write; nothing is written for who forbade to write."""
        if self.read_only:
            return None
        from greenbot.wiring import open_log

        return open_log(self.settings, self.clock, collects=collects)

    def close(self) -> None:
        """Close what this run opened; what it asked GREEN-API is counted first."""
        from greenbot.logs.notes import end

        end()
        if self._calls or self._waits:
            from greenbot.cli.counting import count_calls

            count_calls(self, self._calls, self._waits)
        for client in self._opened:
            from greenbot.api.inline import run_inline

            run_inline(client.aclose())
        if "store" in self.__dict__:
            self.store.close()

    @property
    def read_only(self) -> bool:
        """Writing was forbidden, on the command line or for the whole environment."""
        return self.flags.read_only or self.environ.get("GREENBOT_READ_ONLY", "") not in ("", "0")

    def must_write(self) -> None:
        """Raises `ReadOnly` where writing was forbidden; call before the first change."""
        if self.read_only:
            raise ReadOnly

    def confirm(self, question: str) -> None:
        """Go on only with a yes: from `--yes`, or from the person at the terminal. Raises `UsageError`."""
        if self.flags.yes:
            return
        if not self.can_ask:
            raise UsageError(f"{question} needs a confirmation.", hint="Add --yes to confirm it.")
        if self.out.ask(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
            raise UsageError("Not confirmed; nothing was changed.", hint=None)

    def confirm_name(self, name: str, given: str | None) -> None:
        """Go on only when the person typed the name: for what cannot be undone. Raises `UsageError`."""
        if given is None and self.can_ask:
            given = self.out.ask(f"This cannot be undone. Type {name} to go on: ").strip()
        if given is None:
            raise UsageError("This cannot be undone, so it needs the name once more.", hint=f"Add --confirm {name}")
        if given != name:
            raise UsageError("The name does not match; nothing was changed.", hint=f"Add --confirm {name}")


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # The folder was deleted under the shell. Only relative paths suffer, and they fail by name.
        return Path("/")
