"""A store from before there were conversations gets its threads and its index from the messages it has."""

from pathlib import Path

from greenbot.chats.search import Wanted, search
from greenbot.clock import ManualClock
from greenbot.db.connect import Db, connect
from tests.chats.hotel import Hotel

_BEFORE = (
    "drop view chat_sent",
    "drop table chat_sent_fts",
    "drop table chat_entries_fts",
    "drop table media",
    "drop table chat_changes",
    "drop table chat_entries",
    "drop table chat_links",
    "drop table chats",
    "drop trigger chat_sent_read",
    "drop trigger chat_sent_taken_back",
    "drop trigger chat_sent_removed",
    "drop trigger chats_hear_of_messages",
    "drop trigger chat_entries_turn_out_ours",
)


def without_conversations(db: Db) -> int:
    """Take this migration, and every later one's mark, back; how many marks that were."""
    with db.write() as tx:
        for statement in _BEFORE:
            tx.run(statement)
    marks = [row["name"] for row in db.all("select name from _sqlite_migrations order by id")]
    later = marks[marks.index("chats") :]
    with db.write() as tx:
        tx.run("delete from _sqlite_migrations where name = 'chats'")
    return len(later)


def test_messages_sent_before_are_in_threads_and_can_be_found(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "state" / "greenbot.db"
    db = connect(path, clock=clock)
    hotel = Hotel(db=db, clock=clock)
    hotel.send("Your sauna is booked.")
    from greenbot.db import migrations

    without_conversations(db)
    # Only this step is missing, so the store is one step behind.
    db.all(f"pragma user_version = {migrations.LATEST - 1}")
    db.close()
    again = connect(path, clock=clock)
    hotel.db = again
    assert hotel.said() == [("us", "Your sauna is booked.")]
    assert [found.text for found in search(again, Wanted(text="sauna"))] == ["Your sauna is booked."]
    assert hotel.chat().last_direction == "us"
    again.close()
