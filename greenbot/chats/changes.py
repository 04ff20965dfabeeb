"""Edits, deletions, reactions and votes: what later events did to a message of either side.

They are kept as they came, because they may arrive before the message they speak of. An edit counts only
from the side, and in a group only from the person, that wrote the message.
"""

from typing import TYPE_CHECKING

from greenbot.chats.said import Event, Said

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

ADD = """
insert into chat_changes (chat, target_id, kind, remote_id, wire_chat_id, event_id, direction, sender_id, at_ms, text)
values (:chat, :target_id, :kind, :remote_id, :wire_chat_id, :event_id, :direction, :sender_id, :at, :text)
    on conflict do nothing
"""
EDIT = """
update chat_entries
   set original_text = case when edited_at_ms is null then chat_entries.text else original_text end,
       text = latest.text, edited_at_ms = latest.at_ms
  from (select text, at_ms from chat_changes as edit
         where edit.chat = :chat and edit.target_id = :target_id and edit.kind = 'edit'
           and exists (
             select 1 from chat_entries as target
              where target.chat = :chat and target.remote_id = :target_id
                and (edit.direction = 'in') = (target.direction = 'in')
                and (edit.direction <> 'in' or edit.sender_id = coalesce(target.sender_id, '')
                     or not exists (select 1 from chats where id = :chat and kind = 'group')))
         order by at_ms desc, id desc limit 1) as latest
 where chat = :chat and remote_id = :target_id and latest.text is not null
   and (edited_at_ms is null or chat_entries.text is not latest.text or edited_at_ms <> latest.at_ms)
"""
DELETE = """
update chat_entries
   set deleted_at_ms = gone.at_ms, waits = 0
  from (select min(at_ms) as at_ms from chat_changes as deletion
         where deletion.chat = :chat and deletion.target_id = :target_id and deletion.kind = 'delete'
           and (deletion.direction = 'in') = (
             select direction = 'in' from chat_entries where chat = :chat and remote_id = :target_id)) as gone
 where chat = :chat and remote_id = :target_id and gone.at_ms is not null and deleted_at_ms is not gone.at_ms
"""


def add(tx: "Tx", chat: int, event: Event, said: Said) -> None:
    """Keep a change and, where its message is known already, carry it out."""
    change = said.change
    assert change is not None, "only called with one"
    added = tx.run(
        ADD,
        chat=chat,
        target_id=change.target_id,
        kind=change.kind,
        remote_id=said.remote_id,
        wire_chat_id=said.wire_chat_id,
        event_id=event.id,
        direction=said.direction,
        sender_id=said.sender_id or "",
        at=said.at_ms,
        text=change.text,
    )
    if added:
        apply(tx, chat, change.target_id)


def apply(tx: "Tx", chat: int, target_id: str) -> None:
    """Let an entry read as its edits say, and mark it where it was deleted. Doing it twice changes nothing."""
    tx.run(EDIT, chat=chat, target_id=target_id)
    if tx.run(DELETE, chat=chat, target_id=target_id):
        from greenbot.chats.tally import recount

        recount(tx, chat)
