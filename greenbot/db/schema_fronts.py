"""Who stands at the front of its chat's line, kept in the row, so that a long line costs nobody a look.

`behind` = 1 promises that an older message of the chat comes first, whatever the time: one that is open, not held, and
neither scheduled nor expiring. 0 promises nothing; the queries that look for work ask exactly. Imported only while a
store is being migrated.
"""

FRONTS = """
alter table messages add column behind integer not null default 0;

update messages set behind = 1
 where state = 'queued' and exists (
   select 1 from messages as older
    where older.instance = messages.instance and older.chat_id = messages.chat_id and older.id < messages.id
      and older.state in ('queued', 'claimed', 'sending', 'uncertain')
      and older.held_reason is null and older.scheduled_at_ms = 0 and older.expires_at_ms is null);

drop index messages_due;
create index messages_due on messages (instance, priority, not_before_ms, id)
 where state = 'queued' and held_reason is null and behind = 0;

-- Whoever made others wait and does so no longer lets pass those up to the next one that makes others wait.
create trigger messages_make_way after update of state, held_reason, scheduled_at_ms, expires_at_ms on messages
 when old.held_reason is null and old.scheduled_at_ms = 0 and old.expires_at_ms is null
  and old.state in ('queued', 'claimed', 'sending', 'uncertain')
  and (new.state not in ('queued', 'claimed', 'sending', 'uncertain')
       or new.held_reason is not null or new.scheduled_at_ms <> 0 or new.expires_at_ms is not null)
begin
  update messages set behind = 0
   where id in (
     select id from messages indexed by messages_line
      where instance = new.instance and chat_id = new.chat_id
        and state in ('queued', 'claimed', 'sending', 'uncertain') and behind = 1 and id > new.id
        and id <= coalesce((
          select id from messages indexed by messages_line
           where instance = new.instance and chat_id = new.chat_id
             and state in ('queued', 'claimed', 'sending', 'uncertain')
             and held_reason is null and scheduled_at_ms = 0 and expires_at_ms is null and id > new.id
           order by id limit 1), 9223372036854775807)
        and not exists (
          select 1 from messages indexed by messages_line
           where instance = new.instance and chat_id = new.chat_id
             and state in ('queued', 'claimed', 'sending', 'uncertain')
             and held_reason is null and scheduled_at_ms = 0 and expires_at_ms is null and id < new.id));
end;
"""
