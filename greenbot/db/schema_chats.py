"""Tables of conversations: both directions of a guest in one thread, searchable.

What greenbot sent stays in `messages`; a thread reads it from there. Only what came by events is kept here.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

CHATS = """
create table chats (
  id                  integer primary key autoincrement,
  instance            text not null,
  chat_id             text not null,             -- the phone number's one where both are known
  kind                text not null,             -- person, lid, group, other
  name                text,
  is_contact          integer not null default 0, -- the name is the hotel's phone book's, not the guest's own word
  name_key            text,                      -- the same for comparing: folded
  assignee            text,
  closed_at_ms        integer,
  last_at_ms          integer not null,
  last_direction      text not null,             -- in, phone, api, us
  settled_at_ms       integer not null default 0, -- everything up to here is answered, or was closed
  unanswered_since_ms integer,                   -- the first one of a guest after that
  waiting             integer not null default 0, -- how many there are
  language            text,                      -- of the last text of the guest that said it
  intent              text,
  urgency             integer                    -- the highest of what waits
) strict;

create unique index chats_by_name_of_wire on chats (instance, chat_id);
create index chats_by_chat on chats (chat_id);
create index chats_by_name on chats (name_key) where name_key is not null;
create index chats_waiting on chats (unanswered_since_ms) where unanswered_since_ms is not null;
create index chats_waiting_of on chats (instance, unanswered_since_ms) where unanswered_since_ms is not null;
create index chats_recent on chats (last_at_ms);
create index chats_recent_of on chats (instance, last_at_ms);

-- The same guest under a hidden id: what comes from `lid` belongs into the thread of `chat_id`.
create table chat_links (
  instance text not null,
  lid      text not null,
  chat_id  text not null,
  evidence text not null,                        -- why we believe it: operator, wire ...
  at_ms    integer not null,
  primary key (instance, lid)
) strict, without rowid;

create index chat_links_by_chat on chat_links (instance, chat_id);

create table chat_entries (
  id             integer primary key autoincrement,
  chat           integer not null references chats (id) on delete cascade,
  instance       text not null,
  wire_chat_id   text not null,                  -- as the event said it, before any link
  remote_id      text not null,
  event_id       integer,
  direction      text not null,                  -- in, phone, api
  at_ms          integer not null,
  sender_id      text,
  sender_name    text,
  kind           text not null,                  -- text, image, call ...
  text           text,                           -- what a person reads, after the last edit
  original_text  text,                           -- before the first one
  edited_at_ms   integer,
  deleted_at_ms  integer,
  quoted_id      text,
  waits          integer not null default 0,     -- a guest may expect an answer to it
  status         text,                           -- sent, delivered, read, failed ...
  file_url       text,
  file_name      text,                           -- what the guest calls it; never a path of ours
  mime_type      text,
  language       text,
  intent         text,
  urgency        integer
) strict;

create unique index chat_entries_once on chat_entries (chat, remote_id);
create index chat_entries_by_time on chat_entries (chat, at_ms);
create index chat_entries_by_remote_id on chat_entries (instance, remote_id);
create index chat_entries_by_sender on chat_entries (sender_id) where sender_id is not null;
create index chat_entries_by_event on chat_entries (event_id) where event_id is not null;
create index chat_entries_by_wire on chat_entries (instance, wire_chat_id);
create index chat_entries_waiting on chat_entries (chat, at_ms) where waits = 1;
create index chat_entries_files on chat_entries (instance, at_ms) where file_url is not null;

-- What later events did to a message of either side. It may come before the message it speaks of.
create table chat_changes (
  id        integer primary key autoincrement,
  chat      integer not null references chats (id) on delete cascade,
  target_id text not null,
  kind      text not null,                       -- edit, delete, reaction, votes
  remote_id text not null,
  wire_chat_id text not null,
  event_id  integer,
  direction text not null,
  sender_id text not null default '',
  at_ms     integer not null,
  text      text                                 -- the new words, the emoji, the standing as JSON
) strict;

create unique index chat_changes_once on chat_changes (chat, target_id, kind, remote_id, sender_id);
create index chat_changes_by_wire on chat_changes (wire_chat_id);
create index chat_changes_by_sender on chat_changes (sender_id);

-- Files of guests that were fetched. `name` is ours, `given_name` what the guest called it.
create table media (
  id         integer primary key autoincrement,
  instance   text not null,
  chat       integer not null references chats (id) on delete cascade,
  entry_id   integer not null unique references chat_entries (id) on delete cascade,
  sha256     text not null,
  name       text not null,
  type       text not null,                      -- as its first bytes say
  size_bytes integer not null,
  given_name text,
  at_ms      integer not null
) strict;

create index media_by_name on media (name);
create index media_by_chat on media (chat, id);
create index media_by_day on media (instance, at_ms);
"""

# The words of a draft, whatever kind it is. Read from the draft itself, so no text is kept twice.
_WORDS = """(
  select group_concat(atom, ' ') from json_tree({draft})
   where type = 'text' and (path in ('$.options', '$.labels') or key in (
     'text', 'caption', 'file_name', 'name', 'address', 'question', 'body', 'header', 'footer', 'label',
     'first_name', 'middle_name', 'last_name', 'company')))"""

_SENT = """
create view chat_sent as select id, WORDS(draft) as text from messages;

create virtual table chat_sent_fts using fts5 (
  text, content=chat_sent, content_rowid=id, tokenize='unicode61 remove_diacritics 2');

create trigger chat_sent_read after update of accepted_at_ms on messages
 when old.accepted_at_ms is null and new.accepted_at_ms is not null
begin
  insert into chat_sent_fts (rowid, text) values (new.id, WORDS(new.draft));
end;

create trigger chat_sent_taken_back after update of accepted_at_ms on messages
 when old.accepted_at_ms is not null and new.accepted_at_ms is null
begin
  insert into chat_sent_fts (chat_sent_fts, rowid, text)
  values ('delete', old.id, WORDS(old.draft));
end;

create trigger chat_sent_removed after delete on messages
 when old.accepted_at_ms is not null
begin
  insert into chat_sent_fts (chat_sent_fts, rowid, text)
  values ('delete', old.id, WORDS(old.draft));
end;

-- A message of ours is part of its thread from the moment GREEN-API took it. What many guests get is no answer to one.
create trigger chats_hear_of_messages after update of accepted_at_ms on messages
 when old.accepted_at_ms is null and new.accepted_at_ms is not null
  and new.chat_id <> 'status@broadcast' and new.kind <> 'typing' and new.kind <> 'reaction'
begin
  insert into chats (instance, chat_id, kind, last_at_ms, last_direction)
  select new.instance, coalesce(link.chat_id, new.chat_id),
         case when new.chat_id like '%@g.us' then 'group'
              when new.chat_id like '%@lid' and link.chat_id is null then 'lid' else 'person' end,
         new.accepted_at_ms, 'us'
    from (select 1) left join chat_links as link on link.instance = new.instance and link.lid = new.chat_id
   where true
      on conflict (instance, chat_id) do update
         set last_direction = case when excluded.last_at_ms >= last_at_ms then 'us' else last_direction end,
             last_at_ms = max(last_at_ms, excluded.last_at_ms);
  update chats set settled_at_ms = new.accepted_at_ms
   where new.campaign_id is null and new.class = 'service' and settled_at_ms < new.accepted_at_ms
     and instance = new.instance
     and chat_id = coalesce((select chat_id from chat_links where instance = new.instance and lid = new.chat_id),
                            new.chat_id);
end;

create trigger chats_are_settled after update of settled_at_ms on chats
 when new.settled_at_ms <> old.settled_at_ms and new.unanswered_since_ms is not null
begin
  update chats
     set (unanswered_since_ms, waiting, urgency) = (
           select min(at_ms), count(*), max(urgency) from chat_entries
            where chat = new.id and waits = 1 and at_ms > new.settled_at_ms)
   where id = new.id;
end;

-- The echo of our own message may arrive before its answer: then it stood here as somebody else's for a moment.
create trigger chat_entries_turn_out_ours after update of remote_id on messages
 when new.remote_id is not null and old.remote_id is not new.remote_id
begin
  delete from chat_entries
   where instance = new.instance and remote_id = new.remote_id and direction = 'api'
     and wire_chat_id = new.chat_id;
end;

insert into chat_sent_fts (rowid, text)
select id, (select text from chat_sent where chat_sent.id = messages.id) from messages
 where accepted_at_ms is not null;

insert into chats (instance, chat_id, kind, last_at_ms, last_direction, settled_at_ms)
select instance, chat_id,
       case when chat_id like '%@g.us' then 'group' when chat_id like '%@lid' then 'lid' else 'person' end,
       max(accepted_at_ms), 'us', max(accepted_at_ms)
  from messages
 where accepted_at_ms is not null and chat_id <> 'status@broadcast' and kind <> 'typing' and kind <> 'reaction'
 group by instance, chat_id;
"""


SENT = re.sub(r"WORDS\(([a-z.]+)\)", lambda found: _WORDS.format(draft=found[1]), _SENT)


def create(db: "Database") -> None:
    """Make the tables and their full-text indexes."""
    db.executescript(CHATS)
    entries = db.table("chat_entries")
    entries.enable_fts(["text"], create_triggers=True, tokenize="unicode61 remove_diacritics 2")
    db.executescript(SENT)
