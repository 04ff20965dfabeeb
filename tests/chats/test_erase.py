"""A guest who is erased is gone: from every table, from the index, and from the bytes on the disk."""

import json
from pathlib import Path

import pytest

from greenbot.campaigns import suppress
from greenbot.campaigns.suppress import By
from greenbot.chat_id import ChatId
from greenbot.chats import find, links
from greenbot.chats.erase import Erased, Folders, erase, ids_of, traces
from greenbot.chats.links import Link
from greenbot.chats.search import Wanted, search
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator, entries
from greenbot.db.audit import Wanted as Entries
from greenbot.db.connect import Db, connect
from greenbot.errors import Busy
from greenbot.messages.outgoing import Text
from tests.chats.hotel import GROUP, GUEST, HIDDEN, HOTEL, Hotel, body, edited, text
from tests.chats.hotel import reaction as reacted

OTHER = "380671110002@c.us"
#: Words that stand nowhere else; parts of them too, since an index keeps the ends of words apart.
SECRETS = ("Quizzaciously", "Floccinaucin", "Zyzzogetonx", "Hippopotomonst", "Borborygmusq")
NUMBER = "380671112233"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    media, spool = tmp_path / "media", tmp_path / "spool"
    media.mkdir()
    spool.mkdir()
    return Folders(media=media, spool=spool)


def keep_event(hotel: Hotel, raw: bytes, *, chat: str, event_id: int, state: str = "done") -> None:
    """The inbox's row of an event, as it is once it was worked on."""
    with hotel.db.write() as tx:
        tx.run(
            """insert into events (id, instance, received_at_ms, digest, type, chat_id, state_at_ms, raw)
               values (:id, :instance, 1, :digest, 'incomingMessageReceived', :chat, 1, :raw)""",
            id=event_id,
            instance=HOTEL,
            digest=f"digest {event_id}".encode(),
            chat=chat,
            raw=raw,
        )
        moves = {"stored": (), "processing": (("processing", "claim"),)}.get(
            state, (("processing", "claim"), ("done", "processed"))
        )
        for name, reason in moves:
            tx.run(
                "update events set state = :state, reason = :reason, epoch = epoch + 1, state_at_ms = 2 where id = :id",
                id=event_id,
                state=name,
                reason=reason,
            )


def hear(
    hotel: Hotel, words: str, *, event_id: int, chat: str = GUEST, sender: str | None = None, state: str = "done"
) -> None:
    raw = body(
        "in", text(words), remote_id=f"R{event_id}", chat=chat, at_ms=hotel.clock.now_ms(), sender=sender or chat
    )
    keep_event(hotel, raw, chat=chat, event_id=event_id, state=state)
    if state == "done":
        hotel.tell(raw, number=event_id)


@pytest.fixture
def full(hotel: Hotel, by: Operator, clock: ManualClock, folders: Folders) -> Hotel:
    """A guest who left traces everywhere, and another one who did too."""
    hear(hotel, f"{SECRETS[0]} is my word", event_id=101)
    hear(hotel, f"{SECRETS[1]} under my hidden id", event_id=102, chat=HIDDEN)
    links.link(hotel.db, Link(instance=HOTEL, lid=HIDDEN, chat_id=GUEST, evidence="operator"), by)
    hear(hotel, f"{SECRETS[2]} said in a group", event_id=103, chat=GROUP, sender=GUEST)
    hear(hotel, "somebody else in the group", event_id=104, chat=GROUP, sender=OTHER)
    hear(hotel, "another guest", event_id=105, chat=OTHER)
    hotel.hear(edited("R101", f"{SECRETS[0]} edited"))
    hotel.hear(reacted("R104", "👍"), chat=GROUP, sender=GUEST)
    hotel.send(f"{SECRETS[3]} is what we said")
    hotel.send("to another guest", chat=OTHER)
    hotel.queued(Text(chat_id=ChatId(GUEST), text=f"{SECRETS[4]} was still to be sent"))
    suppress.add(hotel.db, [GUEST], By(actor="olena", reason=f"{SECRETS[0]} asked by phone"), clock)
    (folders.media / "0123456789abcdef.jpg").write_bytes(b"a picture")
    with hotel.db.write() as tx:
        tx.run(
            """insert into media (instance, chat, entry_id, sha256, name, type, size_bytes, given_name, at_ms)
               select instance, chat, id, 'x', '0123456789abcdef.jpg', 'image/jpeg', 9, :name, 1
                 from chat_entries where event_id = 101""",
            name=SECRETS[0],
        )
    return hotel


def bytes_of(db: Db) -> bytes:
    """Everything the store has on the disk. Read by another process's eyes: the tests own no lock worth keeping."""
    found = [db.path.with_name(db.path.name + end) for end in ("", "-wal", "-journal")]
    return b"".join(path.read_bytes() for path in found if path.exists())


def shreds(word: str) -> set[bytes]:
    """A word as it was typed and as the index keeps it, and the tail of it that prefix compression leaves."""
    return {word.encode(), word.lower().encode(), word.lower()[4:].encode()}


def removed(hotel: Hotel, by: Operator, folders: Folders) -> Erased:
    return erase(hotel.db, GUEST, by, folders)


def test_the_bytes_are_on_the_disk_before_and_gone_afterwards(full: Hotel, by: Operator, folders: Folders) -> None:
    before = bytes_of(full.db)
    assert all(word.encode() in before for word in SECRETS)
    assert removed(full, by, folders).bytes_gone
    after = bytes_of(full.db)
    left = [shred for word in SECRETS for shred in shreds(word) if shred in after]
    assert left == []


def test_the_number_stays_only_where_it_protects_the_guest(full: Hotel, by: Operator, folders: Folders) -> None:
    removed(full, by, folders)
    tables = [row["name"] for row in full.db.all("select name from sqlite_master where type = 'table'")]
    holding = [name for name in tables if holds(full.db, name, NUMBER)]
    assert sorted(holding) == ["suppressed", "suppression_log"]
    assert not [name for name in tables if holds(full.db, name, HIDDEN.partition("@")[0])]


def holds(db: Db, table: str, word: str) -> bool:
    if "_fts" in table:
        return False  # the index is looked at byte by byte in the test above
    rows = db.all("select * from " + table)
    return any(
        word in (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
        for row in rows
        for value in row
    )


def test_the_guest_stays_unbothered_but_not_the_reason(full: Hotel, by: Operator, folders: Folders) -> None:
    removed(full, by, folders)
    (entry,) = suppress.entries_of(full.db, GUEST)
    assert entry.reason is None
    assert suppress.is_suppressed(full.db, GUEST, HOTEL)


def test_others_lose_nothing(full: Hotel, by: Operator, folders: Folders) -> None:
    removed(full, by, folders)
    assert full.said(OTHER) == [("in", "another guest"), ("us", "to another guest")]
    assert full.said(GROUP) == [("in", "somebody else in the group")]
    assert full.thread(GROUP)[0].reactions == ()
    assert [row["id"] for row in full.db.all("select id from events order by id")] == [104, 105]
    assert search(full.db, Wanted(text="guest")) != []
    assert full.db.scalar("pragma integrity_check") == "ok"


def test_the_index_is_sound_afterwards(full: Hotel, by: Operator, folders: Folders) -> None:
    removed(full, by, folders)
    with full.db.write() as tx:
        tx.run("insert into chat_entries_fts (chat_entries_fts) values ('integrity-check')")
    assert search(full.db, Wanted(text=" ".join(SECRETS[:1]))) == []


def test_files_go_unless_somebody_else_has_the_same(full: Hotel, by: Operator, folders: Folders) -> None:
    with full.db.write() as tx:
        tx.run(
            """insert into media (instance, chat, entry_id, sha256, name, type, size_bytes, at_ms)
               select instance, chat, id, 'x', '0123456789abcdef.jpg', 'image/jpeg', 9, 1
                 from chat_entries where event_id = 105"""
        )
    assert removed(full, by, folders).files == 0
    assert (folders.media / "0123456789abcdef.jpg").exists()
    assert erase(full.db, OTHER, by, folders).files == 1
    assert list(folders.media.iterdir()) == []


def test_the_audit_says_that_but_not_whose(full: Hotel, by: Operator, folders: Folders) -> None:
    number = full.chat().id
    removed(full, by, folders)
    (entry,) = entries(full.db, Entries(action="chats.erase"))
    assert entry.subject == f"chat {number}"
    told = json.dumps([entry.before, entry.after, entry.subject])
    assert not any(word in told for word in (*SECRETS, NUMBER, "Olena"))


def test_it_can_be_done_again(full: Hotel, by: Operator, folders: Folders) -> None:
    removed(full, by, folders)
    again = removed(full, by, folders)
    assert again.bytes_gone
    assert {name for name, count in again.counts.items() if count} <= {"suppressions_kept", "suppression_reasons"}


def test_a_guest_without_suppression_leaves_no_log_of_it(
    full: Hotel, by: Operator, clock: ManualClock, folders: Folders
) -> None:
    suppress.remove(full.db, [GUEST], By(actor="olena"), clock)
    removed(full, by, folders)
    assert suppress.audit(full.db) == []


@pytest.mark.parametrize("state", ["claimed", "sending"])
def test_not_while_a_message_is_on_its_way(full: Hotel, by: Operator, folders: Folders, state: str) -> None:
    steps = (("claimed", "claim"), ("sending", "post"))[: 1 + (state == "sending")]
    with full.db.write() as tx:
        for name, reason in steps:
            tx.run(
                """update messages set state = :state, reason = :reason, epoch = epoch + 1
                    where state in ('queued', 'claimed')""",
                state=name,
                reason=reason,
            )
    with pytest.raises(Busy):
        removed(full, by, folders)
    assert full.said()[0][1] == f"{SECRETS[0]} edited"


def test_not_while_an_event_is_worked_on(full: Hotel, by: Operator, folders: Folders) -> None:
    hear(full, "at this moment", event_id=201, state="processing")
    with pytest.raises(Busy):
        removed(full, by, folders)


def test_what_waits_to_be_worked_on_is_gone_too(full: Hotel, by: Operator, folders: Folders) -> None:
    hear(full, "not read yet", event_id=201, state="stored")
    hear(full, "not read yet either", event_id=202, state="stored", chat=GROUP, sender=GUEST)
    hear(full, "of somebody else", event_id=203, state="stored", chat=GROUP, sender=OTHER)
    removed(full, by, folders)
    assert [row["id"] for row in full.db.all("select id from events where id > 200")] == [203]


def test_a_longer_number_with_the_same_end_is_somebody_else(full: Hotel, by: Operator, folders: Folders) -> None:
    longer = "11" + GUEST
    hear(full, "my number ends like theirs", event_id=301, chat=longer)
    removed(full, by, folders)
    assert [row["id"] for row in full.db.all("select id from events where id = 301")] == [301]


def test_another_reader_delays_the_last_bytes_and_it_is_said(full: Hotel, by: Operator, folders: Folders) -> None:
    full.db.all("pragma busy_timeout = 50")
    reader = connect(full.db.path, clock=by.clock)
    reader.all("begin")
    reader.all("select count(*) from chats")
    assert not removed(full, by, folders).bytes_gone
    reader.all("rollback")
    reader.close()
    assert removed(full, by, folders).bytes_gone


def test_every_id_of_the_guest_is_known(full: Hotel) -> None:
    assert set(ids_of(full.db, HIDDEN)) == {GUEST, HIDDEN}
    assert find.by_chat_id(full.db, GUEST)
    assert traces(full.db, (GUEST, HIDDEN)).messages == 2
