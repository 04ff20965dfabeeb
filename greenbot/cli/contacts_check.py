"""`greenbot contacts check`: whether numbers have WhatsApp, asked sparingly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.contacts_group import ToArguments, group
from greenbot.cli.remote_call import Caller, Row, people_of, words
from greenbot.cli.run import Run
from greenbot.errors import CheckFailed, GreenbotError, Limited, NotReady, PartlyDone, Refused, Rejected, Unreachable

if TYPE_CHECKING:
    from greenbot.campaigns.checks import Check
    from greenbot.chat_id import ChatId

_COLUMNS = ("chat_id", "instance", "whatsapp", "age_s", "source")
_MORE = ("known_as",)
#: After these nobody was asked about the number. A lost answer counts: WhatsApp may have seen the question.
_NOT_ASKED = (Limited, NotReady, Rejected, Unreachable)


@group.command("check", instance=True, rows=True, dry_run=True)
def check(
    run: Run,
    to: ToArguments,
    again: Annotated[bool, typer.Option("--again", help="Ask even where the answer is known.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 11 when one of them is not on WhatsApp.")
    ] = False,
) -> None:
    """Ask whether numbers have WhatsApp.

    To ask about many strangers can get a number banned, so an answer is kept for contacts.check_keep_days, and no more
    than contacts.checks_per_day numbers are asked about for one instance and day. Developer instances may ask 100 times
    a month.

    Examples:
    greenbot contacts check "+380 44 123 4567"
    greenbot contacts check - < arrivals.txt
    greenbot contacts check +380441234567 --exit-code -q
    """
    run.out.check_rows(_COLUMNS, _MORE)
    checker = _Checker(run=run, caller=Caller(run, run.instance))
    people = people_of(run, to)
    known = {} if again else {one: found for one in people if (found := last_check(run, one)) is not None}
    asked = [one for one in people if one not in known]
    if run.flags.dry_run:
        checker.preview(asked, known=len(known))
        return
    answers = dict(known)
    try:
        for one in asked:
            answers[one] = checker.ask(one)
    except GreenbotError as error:
        if not answers:
            raise
        _print(run, people, answers, known)
        raise PartlyDone(f"{len(answers)} of {len(people)} numbers were answered: {error}", hint=error.hint) from error
    _print(run, people, answers, known)
    if exit_code and not all(one.has_whatsapp for one in answers.values()):
        raise CheckFailed("Not all of these numbers are on WhatsApp.", hint="The list says which.")


def last_check(run: Run, chat_id: str) -> "Check | None":
    """What GREEN-API answered before about a number, while it is believed."""
    from greenbot.campaigns.checks import known, oldest_ms

    if run.read_only and not run.settings.paths.store_file.exists():
        return None
    since_ms = oldest_ms(run.clock.now_ms(), run.settings.contacts.check_keep_days)
    return known(run.store, run.instance.name, chat_id, since_ms=since_ms)


def _print(run: Run, people: "list[ChatId]", answers: "dict[ChatId, Check]", known: "dict[ChatId, Check]") -> None:
    from greenbot.cli.values import Age

    now_ms = run.clock.now_ms()
    rows: list[Row] = [
        {
            "chat_id": one,
            "instance": run.instance.name,
            "whatsapp": answers[one].has_whatsapp,
            "age_s": Age(max(0, now_ms - answers[one].at_ms) // 1000),
            "source": "store" if one in known else "green-api",
            "known_as": answers[one].known_as,
        }
        for one in people
        if one in answers
    ]
    run.out.rows(rows, _COLUMNS, more=_MORE)


@dataclass(slots=True, kw_only=True)
class _Checker:
    """One instance's answers and how often it may still ask today."""

    run: Run
    caller: Caller

    @property
    def _most(self) -> int:
        return self.run.settings.contacts.checks_per_day

    @property
    def _day(self) -> str:
        from greenbot.campaigns.checks import day_of

        return day_of(self.run.clock.now_ms(), self.caller.instance.timezone)

    def preview(self, asked: "list[ChatId]", *, known: int) -> None:
        """What would be asked, and whether the day allows it."""
        from greenbot.campaigns.checks import left

        for chat_id in asked:
            self.caller.preview("checkWhatsapp", {"chatId": chat_id})
        may = left(self.run.store, self.caller.instance.name, self._day, self._most)
        self.run.out.say(f"{known} known, {len(asked)} to ask; {may} questions are left today. Nobody was asked.")

    def ask(self, chat_id: str) -> "Check":
        """Ask GREEN-API and keep the answer. Raises `Refused`, `Limited`, and what a call raises."""
        from greenbot.campaigns.checks import Check, give_back, keep, take

        run, name, day = self.run, self.caller.instance.name, self._day
        run.must_write()
        if self._most == 0:
            raise Refused(
                "Checking numbers is switched off.",
                hint="Allow it with: greenbot config set contacts.checks_per_day 50",
                instance=name,
            )
        if not take(run.store, name, day, self._most):
            raise Limited(
                f"All {self._most} checks of {name} for today are used up.",
                hint="Go on tomorrow, or allow more with: greenbot config set contacts.checks_per_day N",
                instance=name,
            )
        try:
            answer = self.caller.ask_one("checkWhatsapp", {"chatId": chat_id})
        except _NOT_ASKED:
            give_back(run.store, name, day)
            raise
        shown = words(answer, "chatId")
        found = Check(
            chat_id=chat_id,
            has_whatsapp=answer.get("existsWhatsapp") is True,
            known_as=shown if shown != chat_id else words(answer, "phoneNumber"),
            at_ms=run.clock.now_ms(),
        )
        keep(run.store, name, found, keep_days=run.settings.contacts.check_keep_days)
        return found
