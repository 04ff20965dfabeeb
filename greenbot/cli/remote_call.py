"""What a command asks GREEN-API itself: one call in its turn, shown under -n, refused under --read-only, noted.

Nothing here is queued or repeated: an operator looks at the answer. All processes of the machine share the turns, so
a shell beside the service never makes GREEN-API answer 429.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from greenbot.cli.run import Run
from greenbot.errors import BadFile, GreenbotError, PartlyDone, Stopped, UsageError

if TYPE_CHECKING:
    from greenbot.api.client import Client
    from greenbot.api.endpoint import Endpoint
    from greenbot.chat_id import ChatId
    from greenbot.config.settings import Instance
    from greenbot.messages.outgoing import OutgoingFile
    from greenbot.resilience.lines import Lines

Row = Mapping[str, object]
Params = Mapping[str, object]

#: Whoever waits longer than this is told why.
_LONG_WAIT_MS = 2_000
_JPEG_START = b"\xff\xd8\xff"


class Caller:
    """GREEN-API for one instance and one command."""

    def __init__(self, run: Run, instance: "Instance") -> None:
        self._run = run
        self.instance = instance

    @cached_property
    def _client(self) -> "Client":
        return self._run.client(self.instance)

    @cached_property
    def _lines(self) -> "Lines | None":
        """Where the turns are kept; None for who must not write, and for measurements on a simulator."""
        from greenbot.wiring import lane_limits, open_lines

        run = self._run
        if run.read_only or lane_limits(run.settings, self.instance, run.environ).second_rate is None:
            return None
        return open_lines(run.settings, run.clock)

    def ask(self, method: str, params: Params | None = None) -> object:
        """The answer to a question. Raises the GreenbotError of a failed call."""
        found = self._made(method, params or {}, None)
        if not self._run.read_only:
            self._learn(method, params or {}, found)
        return found

    def ask_list(self, method: str, params: Params | None = None) -> list[Row]:
        """The same where the answer is a list of things."""
        found = self.ask(method, params)
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    def ask_one(self, method: str, params: Params | None = None) -> Row:
        """The same where the answer is one thing."""
        found = self.ask(method, params)
        return found if isinstance(found, Mapping) else {}

    def preview(self, method: str, params: Params, *, file: "OutgoingFile | None" = None) -> None:
        """Show the request, the token masked."""
        self._run.out.request(self._client.request_preview(method, params, file=file))

    def change(
        self,
        method: str,
        params: Params,
        *,
        action: str,
        facts: Params | None = None,
        file: "OutgoingFile | None" = None,
    ) -> Row | None:
        """Change something there; None under -n, which shows the request instead. Raises as `ask` does, and ReadOnly.

        `action` and `facts` go into the audit first, so that who dies meanwhile leaves a line too many; a call that
        certainly failed leaves a second line.
        """
        if self._run.flags.dry_run:
            self.preview(method, params, file=file)
            self._run.out.say("Nothing was changed.")
            return None
        self._run.must_write()
        self._note(action, facts or {})
        try:
            answer = self._made(method, params, file)
        except GreenbotError as error:
            if error.code() != "outcome_unknown":
                self._note(action, {**(facts or {}), "failed": error.code()})
            raise
        return answer if isinstance(answer, Mapping) else {}

    def _learn(self, method: str, params: Params, answer: object) -> None:
        """Some answers name a guest by number and by hidden id; such a guest's two threads become one."""
        from greenbot.messages.incoming.identity import of_answer

        found = of_answer(method, params, answer)
        if found:
            from greenbot.chats.links import Link, learn

            name = self.instance.name
            links = [Link(instance=name, lid=one.lid, chat_id=one.person, evidence=one.evidence) for one in found]
            learn(self._run.store, links, now_ms=self._run.clock.now_ms())

    def _note(self, action: str, facts: Params) -> None:
        from greenbot.db.audit import note

        with self._run.store.write() as tx:
            note(tx, self._run.operator, action=action, subject=f"instance {self.instance.name}", after=facts)

    def _made(self, method: str, params: Params, file: "OutgoingFile | None") -> object:
        from greenbot.api.endpoints import ENDPOINTS
        from greenbot.api.inline import run_inline
        from greenbot.api.outcome import error_of

        endpoint = ENDPOINTS[method]
        client = self._client
        self._wait_for_turn(endpoint)
        outcome = run_inline(client.exchange(endpoint, params, file=file))
        if not outcome.succeeded:
            raise error_of(outcome, instance=self.instance.name, endpoint=endpoint)
        return outcome.data

    def _wait_for_turn(self, endpoint: "Endpoint") -> None:
        """GREEN-API allows each method so often a second; see `greenbot api --list`."""
        if self._lines is None:
            return
        from greenbot.resilience.limiter import reserve, when_due
        from greenbot.resilience.limits import method_scope

        clock = self._run.clock
        scope = method_scope(self.instance.name, endpoint.name, method_rate=endpoint.rate_per_second)
        reservation = reserve(self._lines, [scope], clock)
        while wait_ms := reservation.wait_ms(clock):
            if wait_ms > _LONG_WAIT_MS:
                self._run.out.say(f"{endpoint.name} is allowed again in {wait_ms / 1000:.0f} s; waiting.")
            clock.sleep(wait_ms / 1000)
            reservation = when_due(self._lines, reservation, clock)


def show_each(
    run: Run,
    read: Callable[[Caller], Iterable[Row]],
    columns: Sequence[str],
    *,
    more: Sequence[str] = (),
    empty: str = "Nothing to show.",
) -> None:
    """A list from every chosen instance; `instance` is the second column.

    With several, one that cannot be asked is told and hides nothing of the others. Raises `PartlyDone` then.
    """
    chosen, named = run.instances, (columns[0], "instance", *columns[1:])
    run.out.check_rows(named, more)
    rows: list[Row] = []
    failed: list[GreenbotError] = []
    for instance in chosen:
        try:
            rows += [{"instance": instance.name, **row} for row in read(Caller(run, instance))]
        except GreenbotError as error:
            if len(chosen) == 1 or isinstance(error, Stopped):
                raise
            failed.append(error)
            run.out.warn(f"{instance.name}: {error}")
    if len(failed) < len(chosen):
        run.out.rows(rows, named, more=more, empty=empty)
    if failed:
        raise _sum(failed, len(chosen))


def _sum(failed: Sequence[GreenbotError], total: int) -> GreenbotError:
    """What it came to; where all failed for one reason, that one."""
    if len(failed) == total and len({type(error) for error in failed}) == 1:
        return type(failed[0])(f"None of the {total} instances could be asked.", hint="The lines above say why.")
    return PartlyDone(
        f"{len(failed)} of {total} instances could not be asked.", hint="See how they are: greenbot instances state"
    )


def chats_of(run: Run, given: Sequence[str]) -> "list[ChatId]":
    """The chats meant, each once: numbers, chat ids, @names, or - for a list on stdin. Raises as `recipients`."""
    from greenbot.cli.recipients import recipients

    return list(dict.fromkeys(chat for one in given for chat in recipients(run, one)))


def chat_of(run: Run, given: str) -> "ChatId":
    """The one chat meant. Raises as `recipients`, and `UsageError` for a list."""
    if given == "-":
        raise UsageError("This is about one chat, not a list.", hint="Give its number, its id or an @name.")
    return chats_of(run, [given])[0]


def people_of(run: Run, given: Sequence[str]) -> "list[ChatId]":
    """The same for people only. Raises `UsageError` for a group."""
    chats = chats_of(run, given)
    for chat in chats:
        if chat.kind == "group":
            raise UsageError(f"{chat} is a group, not a person.", hint="See groups with: greenbot groups list")
    return chats


def picture(run: Run, name: str) -> "OutgoingFile":
    """A JPEG of this machine (GREEN-API docs: pictures of accounts and groups are JPEG). Raises `BadFile`."""
    from greenbot.messages.outgoing import OutgoingFile

    path = run.cwd / name
    try:
        with path.open("rb") as file:
            start = file.read(len(_JPEG_START))
        size_bytes = path.stat().st_size
    except OSError as error:
        raise BadFile(f"The picture '{name}' cannot be read: {error.strerror}.", hint="Check the name.") from error
    if start != _JPEG_START:
        raise BadFile(f"'{name}' is not a JPEG picture.", hint="Convert it first: GREEN-API takes JPEG alone.")
    return OutgoingFile(path=path, file_name=path.name, mime_type="image/jpeg", size_bytes=size_bytes)


def shown_time(run: Run, moment_ms: int | None) -> str | None:
    """A moment for who reads: this machine's clock at a terminal, RFC 3339 elsewhere."""
    from greenbot.cli.values import local_time
    from greenbot.clock import iso_utc

    if moment_ms is None:
        return None
    return local_time(moment_ms) if run.out.for_person and not run.flags.json else iso_utc(moment_ms)


def moment_ms(row: Row, key: str = "timestamp") -> int | None:
    """A moment of GREEN-API's, which counts seconds; None where there is none."""
    found = row.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 1e11:
        return None
    return round(found * 1000)


def words(row: Row, key: str) -> str | None:
    """A text of an answer; None for an empty one and for anything else."""
    found = row.get(key)
    return found if isinstance(found, str) and found else None
