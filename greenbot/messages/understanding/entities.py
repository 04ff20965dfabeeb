"""Everything in a text that has a normal form."""

from collections.abc import Sequence
from datetime import date

from greenbot.messages.understanding.amounts import find_amounts
from greenbot.messages.understanding.bookings import find_bookings
from greenbot.messages.understanding.cleaning import Folded
from greenbot.messages.understanding.clock import find_times
from greenbot.messages.understanding.contacts import find_contacts
from greenbot.messages.understanding.dates import find_dates
from greenbot.messages.understanding.found import Reading
from greenbot.messages.understanding.guests import find_guests
from greenbot.messages.understanding.lexicon import lexicon
from greenbot.messages.understanding.model import Entity
from greenbot.messages.understanding.rooms import find_rooms
from greenbot.messages.understanding.tokens import Token

#: Who looks first: what can be nothing else, then what is easily mistaken.
_FINDERS = (find_contacts, find_amounts, find_dates, find_bookings, find_times, find_guests, find_rooms)


def entities_of(
    folded: Folded,
    tokens: Sequence[Token],
    languages: tuple[str, ...],
    *,
    today: date,
    region: str,
    country_code: str,
) -> tuple[Entity, ...]:
    """The entities in the order of the text, without overlaps."""
    reading = Reading(
        folded=folded,
        tokens=tokens,
        lexicon=lexicon(languages),
        today=today,
        month_first=region.upper() == "US",
        country_code=country_code,
    )
    for find in _FINDERS:
        find(reading)
    return tuple(sorted(reading.entities, key=lambda entity: entity.span.start))
