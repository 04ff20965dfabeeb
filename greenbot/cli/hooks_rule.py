"""`greenbot hooks add|edit`: what a hook wants and where it goes."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.hooks_group import Name, group, shown
from greenbot.cli.run import Run
from greenbot.errors import BadConfigValue, UsageError

if TYPE_CHECKING:
    from greenbot.hooks.hook import Direction, MatchKind, Rule, Wanted
    from greenbot.redact import Secret

NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it: small letters, digits, - and _.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Post events there, signed.")]
Command = Annotated[
    str | None,
    typer.Option("--command", metavar="WORDS", help="Run this program with the event on stdin; no shell is involved."),
]
Events = Annotated[
    str | None,
    typer.Option("--events", metavar="A,B", help="Which: all, message, status, state, call … or text, image, …"),
]
Direct = Annotated[
    str | None, typer.Option("--direction", metavar="in|out|any", help="Of messages: from guests, from us, or both.")
]
Chat = Annotated[str | None, typer.Option("--chat", metavar="PATTERN", help="Only chats whose id is like this.")]
Match = Annotated[str | None, typer.Option("--match", metavar="TEXT", help="Only texts with these words in them.")]
MatchGlob = Annotated[
    str | None, typer.Option("--match-glob", metavar="PATTERN", help="Only texts like this, such as 'room *'.")
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="VARIABLE", help="A variable the program may see besides the harmless ones."),
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=1, max=50, help="Deliveries at once, each of another chat.")
]
Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="DURATION", help="How long one delivery may take, up to 5m.")
]
SecretStdin = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Sign with this whsec_… secret instead of a new one; it is read from stdin."),
]

_LONGEST_TIMEOUT_SECONDS = 300


@group.command("add", instance=True, tag=True, dry_run=True)
def add(
    run: Run,
    name: NewName,
    url: Url = None,
    command: Command = None,
    events: Events = None,
    direction: Direct = None,
    chat: Chat = None,
    match: Match = None,
    match_glob: MatchGlob = None,
    env: Env = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    secret_stdin: SecretStdin = False,
) -> None:
    """Pass events on to a URL or a program, from now on.

    Without more, it gets what guests write, of all instances. The secret that signs deliveries is kept in a
    file whose name is printed.

    Examples:
    greenbot hooks add crm --url https://crm.example.com/whatsapp
    greenbot hooks add urgent --url https://desk.example.com/in --match urgent --instance "grand-*"
    greenbot hooks add printer --command "/usr/local/bin/print-order --copies 2" --events order
    """
    from greenbot.config.kinds import is_name
    from greenbot.hooks import table
    from greenbot.hooks.hook import Rule

    if not is_name(name):
        raise BadConfigValue(f"'{name}' cannot be the name of a hook.", hint="Small letters, digits, - and _.")
    start = Rule(name=name, kind="url", target=())
    if (url is None) == (command is None):
        raise UsageError("A hook leads to either a URL or a program.", hint="Give --url or --command.")
    given = _Given(run, url, command, events, direction, chat, match, match_glob, env, concurrency, timeout)
    rule = given.applied(start)
    _check_target(run, rule)
    if run.flags.dry_run:
        run.out.say(f"Would add the hook {name}.")
        return
    run.must_write()
    secret = _given_secret() if secret_stdin else None
    table.add(run.store, rule, run.operator)
    if rule.kind == "url":
        _store_secret(run, name, secret)
    shown(run, name)


@group.command("edit", instance=True, tag=True, dry_run=True)
def edit(
    run: Run,
    name: Name,
    url: Url = None,
    command: Command = None,
    events: Events = None,
    direction: Direct = None,
    chat: Chat = None,
    match: Match = None,
    match_glob: MatchGlob = None,
    env: Env = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    secret_stdin: SecretStdin = False,
    rotate_secret: Annotated[
        bool, typer.Option("--rotate-secret", help="Make a new secret; for a day both sign each delivery.")
    ] = False,
) -> None:
    """Change a hook. What is not named stays; an empty value takes a condition away.

    What waits already goes to the new target.

    Examples:
    greenbot hooks edit crm --url https://new.example.com/whatsapp
    greenbot hooks edit crm --events message,status --match ""
    greenbot hooks edit crm --rotate-secret
    """
    from greenbot.hooks import table

    hook = table.get(run.store, name)
    if hook.rule.kind == "handlers":
        raise UsageError(f"The hook {name} belongs to a module of handlers.", hint="Change what its handlers ask for.")
    given = _Given(run, url, command, events, direction, chat, match, match_glob, env, concurrency, timeout)
    rule = given.applied(hook.rule)
    _check_target(run, rule)
    if run.flags.dry_run:
        run.out.say(f"Would change the hook {name}.")
        return
    run.must_write()
    if rule != hook.rule:
        table.change(run.store, rule, run.operator)
    if secret_stdin or rotate_secret:
        _store_secret(run, name, _given_secret() if secret_stdin else None)
    shown(run, name)


class _Given:
    """What was said on the command line, to be laid over a rule."""

    def __init__(
        self,
        run: Run,
        url: str | None,
        command: str | None,
        events: str | None,
        direction: str | None,
        chat: str | None,
        match: str | None,
        match_glob: str | None,
        env: list[str] | None,
        concurrency: int | None,
        timeout: str | None,
    ) -> None:
        self._run = run
        self._url, self._command = url, command
        self._events, self._direction, self._chat = events, direction, chat
        self._match, self._match_glob = match, match_glob
        self._env, self._concurrency, self._timeout = env, concurrency, timeout

    def applied(self, rule: "Rule") -> "Rule":
        """The rule with it. Raises `UsageError`."""
        from dataclasses import replace

        if self._url is not None and self._command is not None:
            raise UsageError("A hook leads to either a URL or a program.", hint="Give --url or --command.")
        if self._url is not None:
            rule = replace(rule, kind="url", target=(self._url,))
        if self._command is not None:
            rule = replace(rule, kind="command", target=_words_of(self._command))
        if self._env is not None:
            rule = replace(rule, environment=tuple(name for name in self._env if name))
        if self._concurrency is not None:
            rule = replace(rule, concurrency=self._concurrency)
        if self._timeout is not None:
            rule = replace(rule, timeout_ms=_timeout_ms(self._timeout))
        return replace(rule, wanted=self._wanted(rule.wanted))

    def _wanted(self, wanted: "Wanted") -> "Wanted":
        from dataclasses import replace

        from greenbot.hooks.words import checked

        flags = self._run.flags
        if flags.instance is not None:
            if flags.instance != "all":
                self._run.settings.select(flags.instance)
            wanted = replace(wanted, instances=flags.instance)
        if flags.tag is not None:
            wanted = replace(wanted, tag=flags.tag or None)
        if self._events is not None:
            wanted = replace(wanted, events=checked(self._events.split(",")))
        if self._direction is not None:
            wanted = replace(wanted, direction=_direction(self._direction))
        if self._chat is not None:
            wanted = replace(wanted, chat=self._chat or None)
        return self._matching(wanted)

    def _matching(self, wanted: "Wanted") -> "Wanted":
        from dataclasses import replace

        if self._match is None and self._match_glob is None:
            return wanted
        if self._match and self._match_glob:
            raise UsageError("A text is compared in one way.", hint="Give --match or --match-glob.")
        kind: MatchKind = "glob" if self._match_glob else "literal"
        text = self._match_glob or self._match or None
        return replace(wanted, match_kind=None if text is None else kind, match_text=text)


def _words_of(command: str) -> tuple[str, ...]:
    import shlex

    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"The command cannot be read: {error}.", hint="Close the quotes in it.") from None
    if not words:
        raise UsageError("The command is empty.", hint="Name a program: --command '/usr/local/bin/program --option'")
    return words


def _timeout_ms(text: str) -> int:
    from greenbot.cli.values import seconds_of

    seconds = seconds_of(text)
    if not 1 <= seconds <= _LONGEST_TIMEOUT_SECONDS:
        raise UsageError("A delivery may take from one second to five minutes.", hint="For example: --timeout 30s")
    return round(seconds * 1000)


def _direction(word: str) -> "Direction":
    from greenbot.hooks.hook import DIRECTIONS

    for direction in DIRECTIONS:
        if word == direction:
            return direction
    raise UsageError(f"'{word}' is not a direction.", hint="Directions: in, out, any")


def _check_target(run: Run, rule: "Rule") -> None:
    """Raises `ForbiddenTarget` for an address that no delivery would ever reach."""
    if rule.kind != "url":
        return
    from greenbot.outbound.guard import check_url
    from greenbot.wiring import outbound_policy

    check_url(rule.target[0], outbound_policy(run.settings))


def _given_secret() -> "Secret":
    from greenbot.cli.secret_input import read_secret
    from greenbot.hooks.signature import checked_secret

    return checked_secret(read_secret("Secret (whsec_…): "))


def _store_secret(run: Run, name: str, secret: "Secret | None") -> None:
    from greenbot.hooks.keyfiles import KeyFiles

    path = KeyFiles(run.settings.paths.secrets_dir, run.clock).store(name, secret)
    run.out.say(f"The secret that signs is in {path}")
