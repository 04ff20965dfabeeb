"""The example of the guide does what the page says."""

from pathlib import Path
from typing import Any

from greenbot.handlers import Bot, part
from tests.hooks.conftest import House

PAGE = Path(__file__).parents[2] / "greenbot" / "guide" / "hooks.md"


def example() -> str:
    return PAGE.read_text().split("```python\n")[1].split("```")[0]


async def test_the_handler_of_the_guide_answers_as_printed(house: House) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example(), "example.py", "exec"), names)
    bot: Bot = names["bot"]
    running = part(bot, house.db, house.owner, house.clock)
    house.text("Is the POOL open?")
    house.text("thanks")
    await running.once()
    rows = house.db.all("select draft, actor from messages")
    assert len(rows) == 1
    assert "The pool is open from 7 to 22." in rows[0]["draft"]
    assert rows[0]["actor"] == "handlers:front-desk"
