"""What a guest wants, by rules alone: language, entities, intents and urgency of one text. No network, no clock."""

from collections.abc import Sequence
from datetime import date

from greenbot.messages.understanding.cleaning import Folded, clean, fold
from greenbot.messages.understanding.entities import entities_of
from greenbot.messages.understanding.identify import language_of
from greenbot.messages.understanding.intents import decide, evidence_of
from greenbot.messages.understanding.model import UNKNOWN, Entity, Understanding
from greenbot.messages.understanding.rules import Rules, builtin
from greenbot.messages.understanding.tokens import Token, tokens_of
from greenbot.messages.understanding.urgency import urgency_of

_SCRIPTS = {"latin": ("en", "es", "de", "fr", "tr"), "cyrillic": ("ru", "uk"), "hebrew": ("he",), "arabic": ("ar",)}


def understand(
    text: str, *, today: date, rules: Rules | None = None, region: str = "", country_code: str = ""
) -> Understanding:
    """What the rules make of `text`; never raises. Only its first 4,096 characters are read.

    `today` is the date at the hotel: "tomorrow" is counted from it. `region="US"` reads 5/12 as
    12 May. `country_code` completes telephone numbers that begin with 0. `rules` are the built-in
    ones unless given.
    """
    known = (rules or builtin()).languages
    folded = fold(text)
    tokens = tokens_of(folded.text)
    language = language_of(text[: len(folded.text) + 64], tokens)
    codes = _readable(language, tokens)
    entities = entities_of(folded, tokens, _with_english(codes), today=today, region=region, country_code=country_code)
    spoken = _without_addresses(tokens, entities, folded)
    evidence = evidence_of(spoken, [known[code] for code in codes])
    intents = decide(evidence, spoken, folded)
    urgency, reasons = urgency_of(intents, entities, evidence, today=today)
    return Understanding(
        text=clean(text), language=language, entities=entities, intents=intents, urgency=urgency, reasons=reasons
    )


def _without_addresses(tokens: Sequence[Token], entities: Sequence[Entity], folded: Folded) -> Sequence[Token]:
    """The tokens that a guest said: a word inside a link or an address means nothing."""
    taken = {
        place
        for entity in entities
        if entity.kind in ("url", "email")
        for place in range(entity.span.start, entity.span.end)
    }
    if not taken:
        return tokens
    return [token for token in tokens if folded.span(token.start, token.end).start not in taken]


def _readable(language: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """The languages whose rules apply: the text's own, and those of other scripts that occur in it."""
    scripts = {_script(token.text[0]) for token in tokens if token.kind == "w"}
    codes = [] if language == UNKNOWN else [language]
    for script, spoken in _SCRIPTS.items():
        if (
            script in scripts
            and not any(code in codes for code in spoken)
            and not (script == "latin" and codes == ["ru"])
        ):
            # Beside another script, Latin words are mostly English ones.
            codes += ("en",) if script == "latin" and codes else spoken
    return tuple(codes) or ("en",)


def _script(letter: str) -> str:
    if letter < "ʰ" or letter > "Ḁ":
        return "latin"
    if letter <= "ӿ":
        return "cyrillic"
    return "hebrew" if letter <= "ת" else "arabic"


def _with_english(codes: tuple[str, ...]) -> tuple[str, ...]:
    return codes if "en" in codes else (*codes, "en")
