"""What each state of a number means, and what a person does about it: for terminals and documents."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`do` is what helps; empty where nothing has to be done. NAME stands for the name of the instance."""

    meaning: str
    do: str = ""


#: GREEN-API's words for the state of an instance (GREEN-API docs: GetStateInstance).
ACCOUNTS = {
    "authorized": Advice(meaning="linked and working"),
    "notAuthorized": Advice(
        meaning="no phone is linked; messages wait here", do="Link it: greenbot instances login NAME"
    ),
    "blocked": Advice(meaning="WhatsApp banned the number; messages wait here", do="Appeal in WhatsApp on the phone."),
    "suspended": Advice(
        meaning="WhatsApp restricts the number for a time; messages wait here",
        do="Let it rest, write to fewer strangers; then: greenbot instances reboot NAME",
    ),
    "sleepMode": Advice(
        meaning="the phone is off; only messages that may arrive a day late leave", do="Switch the phone on."
    ),
    "starting": Advice(
        meaning="it starts, usually for less than 5 minutes", do="If it lasts: greenbot instances reboot NAME"
    ),
    "pendingPassword": Advice(
        meaning="a password is asked for while it is being linked", do="Type it in GREEN-API's console."
    ),
}
#: The older name, which servers still use (GREEN-API: renamed on 30 Jul 2026).
ACCOUNTS["yellowCard"] = ACCOUNTS["suspended"]

#: Our words, where they say more than GREEN-API's.
STATES = {
    "unknown": Advice(meaning="nothing fresh is known", do="Ask: greenbot instances state NAME"),
    "quota": Advice(meaning="the quota of the month is used up", do="Choose a larger tariff in the console."),
    "auth_failed": Advice(
        meaning="GREEN-API refused the token twice",
        do="Store the right one: greenbot instances edit NAME --token-stdin; if it is: greenbot instances resume NAME",
    ),
    "unreachable": Advice(meaning="GREEN-API does not answer", do="See the breaker: greenbot instances breaker NAME"),
}


def advice_for(account: str, state: str = "") -> Advice:
    """What to tell of a number: `account` is GREEN-API's word, `state` ours where it is known."""
    if state in STATES:
        return STATES[state]
    if not account:
        return Advice(meaning="the instance is still being created", do="Look again in a few minutes.")
    return ACCOUNTS.get(account, Advice(meaning="a state greenbot does not know; messages still leave"))
