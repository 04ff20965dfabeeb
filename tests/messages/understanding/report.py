"""How well the rules do on labelled messages; `python -m tests.messages.understanding.report` prints the table.

`--tuning` shows the half that rules may be tuned on, `--errors` lists its mistakes, `--fresh` shows
the messages that were written after the rules. Mistakes on the held-out half and on the fresh
messages are never listed: who has seen them tunes on them. `--write` puts both tables into the guide.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.messages.understand import understand
from greenbot.messages.understanding.model import OTHER, Understanding
from tests.messages.understanding.labelled import ENTITY_KINDS, INTENTS, TODAY, Half, Labelled, labelled

#: Below so many letters a language may fairly be unknown.
LEAST_LETTERS = 20


@dataclass(slots=True, kw_only=True)
class Count:
    """Found and right, found and wrong, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Of what was found, how much is right; 1 when nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of what is there, how much was found; 1 when nothing is there."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(slots=True, kw_only=True)
class Figures:
    """All figures of one set of messages."""

    languages: dict[str, Count] = field(default_factory=dict)
    entities: dict[str, Count] = field(default_factory=dict)
    intents: dict[str, Count] = field(default_factory=dict)
    messages: int = 0
    long_enough: int = 0
    long_right: int = 0
    urgency_right: int = 0
    urgency_near: int = 0
    exact_spans: int = 0
    found_spans: int = 0

    @property
    def language_accuracy(self) -> float:
        """On texts of at least twenty letters."""
        return self.long_right / self.long_enough

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the intents, each counting the same."""
        return sum(count.f1 for count in self.intents.values()) / len(self.intents)


def measure(messages: Iterable[Labelled]) -> Figures:
    """The figures of these messages."""
    figures = Figures(
        entities={kind: Count() for kind in ENTITY_KINDS},
        intents={name: Count() for name in (*INTENTS, OTHER)},
    )
    for message in messages:
        _add(figures, message, understand(message.text, today=TODAY))
    return figures


def _add(figures: Figures, message: Labelled, found: Understanding) -> None:
    figures.messages += 1
    if message.letters >= LEAST_LETTERS:
        figures.long_enough += 1
        figures.long_right += found.language == message.language
        _add_sets(figures.languages, {message.language}, {found.language})
    _add_sets(figures.intents, message.intents, {intent.name for intent in found.intents})
    figures.urgency_right += found.urgency == message.urgency
    figures.urgency_near += abs(found.urgency - message.urgency) <= 1
    _add_entities(figures, message, found)


def _add_sets(counts: dict[str, Count], wanted: Iterable[str], given: Iterable[str]) -> None:
    wanted, given = set(wanted), set(given)
    for name in wanted | given:
        count = counts.setdefault(name, Count())
        count.right += name in wanted and name in given
        count.wrong += name not in wanted
        count.missed += name not in given


def _add_entities(figures: Figures, message: Labelled, found: Understanding) -> None:
    """Right is: same kind, same normal form, and the places overlap. Exact places are counted apart."""
    left = list(message.entities)
    for entity in found.entities:
        same = [
            one
            for one in left
            if one[0] == entity.kind
            and one[3] == entity.value
            and one[1] < entity.span.end
            and entity.span.start < one[2]
        ]
        if not same:
            figures.entities[entity.kind].wrong += 1
            continue
        left.remove(same[0])
        figures.entities[entity.kind].right += 1
        figures.found_spans += 1
        figures.exact_spans += same[0][1:3] == (entity.span.start, entity.span.end)
    for kind, *_ in left:
        figures.entities[kind].missed += 1


def table(figures: Figures) -> str:
    """The figures as the guide shows them."""
    return "\n".join(_lines(figures))


def _lines(figures: Figures) -> Iterator[str]:
    yield "| what | precision | recall | F1 | labelled |"
    yield "|---|---|---|---|---|"
    for kind, count in figures.entities.items():
        yield _line(f"entity: {kind}", count)
    for name, count in figures.intents.items():
        yield _line(f"intent: {name}", count)
    yield ""
    yield f"Messages: {figures.messages}. Intents, mean F1: {figures.macro_f1:.2f}."
    yield (
        f"Language right on texts of {LEAST_LETTERS} letters and more: {figures.language_accuracy:.3f} "
        f"({figures.long_right} of {figures.long_enough})."
    )
    yield (
        f"Urgency as labelled: {figures.urgency_right / figures.messages:.2f}; at most one step off: "
        f"{figures.urgency_near / figures.messages:.2f}. "
        f"Entities found with exactly the labelled span: {figures.exact_spans / figures.found_spans:.2f}."
    )


def _line(name: str, count: Count) -> str:
    labels = count.right + count.missed
    return f"| {name} | {count.precision:.2f} | {count.recall:.2f} | {count.f1:.2f} | {labels} |"


def errors(messages: Sequence[Labelled]) -> Iterator[str]:
    """What went wrong, for the tuning half alone."""
    for message in messages:
        assert message.half == "tuning"
        found = understand(message.text, today=TODAY)
        wrong = list(_differences(message, found))
        if wrong:
            yield f"{message.text}\n    " + "\n    ".join(wrong)


def _differences(message: Labelled, found: Understanding) -> Iterator[str]:
    if found.language != message.language:
        yield f"language {found.language}, should be {message.language}"
    names = {intent.name for intent in found.intents}
    if names != message.intents:
        decided = {intent.name: [word.text for word in intent.words] for intent in found.intents}
        yield f"intents {decided}, should be {sorted(message.intents)}"
    if found.urgency != message.urgency:
        yield f"urgency {found.urgency} {found.reasons}, should be {message.urgency}"
    given = {(entity.kind, entity.span.text, entity.value) for entity in found.entities}
    wanted = {(kind, message.text[start:end], value) for kind, start, end, value in message.entities}
    if {(kind, value) for kind, _, value in given} != {(kind, value) for kind, _, value in wanted}:
        yield f"entities {sorted(given - wanted)}, should be {sorted(wanted - given)}"


PAGE = Path(__file__).parents[3] / "greenbot" / "guide" / "understanding.md"
#: The headings of the guide's page whose sections are made here, and what stands below them.
SECTIONS: dict[str, Half] = {"## Figures: the held-out half": "held-out", "## Figures: fresh messages": "fresh"}


def with_figures(page: str) -> str:
    """The page with today's figures: each table and the lines behind it stand between its heading and the next one."""
    for heading, half in SECTIONS.items():
        before, _, rest = page.partition(f"{heading}\n")
        _, mark, behind = rest.partition("\n## ")
        page = f"{before}{heading}\n\n{table(measure(labelled(half)))}\n{mark}{behind}"
    return page


def main(arguments: Sequence[str]) -> None:
    """Print the table of one half, or write the guide's."""
    if "--write" in arguments:
        PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    half: Half = "fresh" if "--fresh" in arguments else "tuning" if "--tuning" in arguments else "held-out"
    if "--errors" in arguments:
        half = "tuning"
        sys.stdout.write("\n".join(errors(labelled("tuning"))) + "\n\n")
    sys.stdout.write(f"The {half} messages:\n\n{table(measure(labelled(half)))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
