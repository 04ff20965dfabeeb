"""The triggers that every message passes on its way, in forms that cost less. Imported only while a store is migrated.

SQLite builds a small index for each list of three words and more, at every look at it; a `case` only compares. The
moves that every message makes come first. Nothing here means anything else than what it replaces.
"""

TRIGGERS = """
drop trigger messages_moves;
create trigger messages_moves before update on messages
 when new.epoch <> old.epoch and case old.state || ' ' || new.state || ' ' || new.reason
  when 'queued claimed claim' then 0 when 'claimed sending post' then 0 when 'sending accepted response' then 0
  when 'queued queued held' then 0 when 'queued queued released' then 0 when 'queued queued edited' then 0
  when 'queued expired expired' then 0 when 'queued cancelled operator' then 0
  when 'queued failed attempts' then 0 when 'queued failed not_sent' then 0
  when 'queued failed bad_draft' then 0 when 'claimed queued owner_dead' then 0
  when 'claimed queued lease_over' then 0 when 'claimed queued shutdown' then 0
  when 'claimed cancelled interrupted' then 0 when 'sending queued not_sent' then 0
  when 'sending failed rejected' then 0 when 'sending failed not_sent' then 0
  when 'sending cancelled interrupted' then 0 when 'sending uncertain ambiguous' then 0
  when 'sending uncertain interrupted' then 0 when 'sending uncertain owner_dead' then 0
  when 'sending uncertain lease_over' then 0 when 'uncertain uncertain look' then 0
  when 'uncertain accepted queue' then 0 when 'uncertain accepted journal' then 0
  when 'uncertain accepted status' then 0 when 'uncertain accepted late_response' then 0
  when 'uncertain accepted operator' then 0 when 'uncertain queued not_found' then 0
  when 'uncertain queued resend' then 0 when 'uncertain queued operator' then 0
  when 'uncertain failed operator' then 0 when 'uncertain failed given_up' then 0
  when 'accepted accepted status' then 0 when 'accepted delivered status' then 0
  when 'accepted failed status' then 0 when 'accepted stalled silence' then 0
  when 'accepted stalled id_conflict' then 0 when 'accepted uncertain id_conflict' then 0
  when 'stalled accepted status' then 0 when 'stalled delivered status' then 0
  when 'stalled failed status' then 0 when 'stalled failed operator' then 0
  when 'stalled uncertain id_conflict' then 0 when 'delivered delivered status' then 0
  when 'delivered uncertain id_conflict' then 0 when 'delivered stalled id_conflict' then 0
  else 1 end
begin
  select raise(abort, 'a message cannot move like that');
end;

-- Whoever made others wait and does so no longer lets pass those up to the next one that makes others wait.
drop trigger messages_make_way;
create trigger messages_make_way after update of state, held_reason, scheduled_at_ms, expires_at_ms on messages
 when old.held_reason is null and old.scheduled_at_ms = 0 and old.expires_at_ms is null
  and case old.state when 'queued' then 1 when 'claimed' then 1 when 'sending' then 1 when 'uncertain' then 1 else 0 end
  and (case new.state when 'queued' then 0 when 'claimed' then 0 when 'sending' then 0 when 'uncertain' then 0
       else 1 end
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

drop trigger metric_feed_messages;
create trigger metric_feed_messages after update of state on messages
 when new.state <> old.state and old.state <> 'stalled'
  and case new.state when 'accepted' then 1 when 'failed' then 1 when 'expired' then 1 else 0 end
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.state_at_ms, new.instance, 'message', new.method,
          new.state || ' ' || coalesce(new.cause, new.reason), null);
end;

drop trigger known_chats_stay_new;
create trigger known_chats_stay_new after update of state on messages
 when old.state in ('claimed', 'sending')
  and case new.state when 'queued' then 1 when 'cancelled' then 1 when 'failed' then 1 else 0 end
begin
  delete from known_chats
   where instance = new.instance and chat_id = new.chat_id and first_by = 'us' and message_id = new.id;
end;

-- The only words of a text are its text; the other kinds have theirs in many places.
drop trigger chat_sent_read;
create trigger chat_sent_read after update of accepted_at_ms on messages
 when old.accepted_at_ms is null and new.accepted_at_ms is not null
begin
  insert into chat_sent_fts (rowid, text) values (new.id,
    case when new.kind = 'text' and json_type(new.draft, '$.text') = 'text' then json_extract(new.draft, '$.text')
    else (
  select group_concat(atom, ' ') from json_tree(new.draft)
   where type = 'text' and (path in ('$.options', '$.labels') or key in (
     'text', 'caption', 'file_name', 'name', 'address', 'question', 'body', 'header', 'footer', 'label',
     'first_name', 'middle_name', 'last_name', 'company'))) end);
end;

-- A message of ours is part of its thread from the moment GREEN-API took it. What many guests get is no answer to one.
drop trigger chats_hear_of_messages;
create trigger chats_hear_of_messages after update of accepted_at_ms on messages
 when old.accepted_at_ms is null and new.accepted_at_ms is not null
  and new.chat_id <> 'status@broadcast' and new.kind <> 'typing' and new.kind <> 'reaction'
begin
  insert into chats (instance, chat_id, kind, last_at_ms, last_direction, settled_at_ms)
  select new.instance, coalesce(link.chat_id, new.chat_id),
         case when new.chat_id like '%@g.us' then 'group'
              when new.chat_id like '%@lid' and link.chat_id is null then 'lid' else 'person' end,
         new.accepted_at_ms, 'us',
         case when new.campaign_id is null and new.class = 'service' then max(0, new.accepted_at_ms) else 0 end
    from (select 1) left join chat_links as link on link.instance = new.instance and link.lid = new.chat_id
   where true
      on conflict (instance, chat_id) do update
         set last_direction = case when excluded.last_at_ms >= last_at_ms then 'us' else last_direction end,
             last_at_ms = max(last_at_ms, excluded.last_at_ms),
             settled_at_ms = max(settled_at_ms, excluded.settled_at_ms);
end;
"""
