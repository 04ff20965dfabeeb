"""Tables of the inbox: what GREEN-API told us, byte for byte, and how far each event was worked.

A row is written while GREEN-API waits for its 200, so there are only as many indexes on a fresh row as its
acceptance and its turn need; the others take it up when it is done. Imported only while a store is migrated.
"""

INBOX = """
create table events (
  id                  integer primary key autoincrement,  -- the order of arrival
  instance            text not null,
  source              text not null default 'webhook',    -- webhook, poll, backfill
  received_at_ms      integer not null,
  digest              blob not null,                      -- of the raw bytes: the same bytes are kept once
  type                text not null default '',           -- typeWebhook
  chat_id             text not null default '',           -- whose line it stands in; '' is the instance's own
  remote_id           text,                               -- GREEN-API's idMessage
  semantic_key        text,                               -- what happened, however it is spelled
  at_ms               integer,                            -- GREEN-API's time of it
  deliveries          integer not null default 1,         -- how often these bytes came

  state               text not null default 'stored',
  epoch               integer not null default 0,         -- grows by one with every move; stale writers lose by it
  state_at_ms         integer not null,                   -- of the last move:
  reason              text not null default 'received',
  detail              text,
  actor               text not null default 'intake',
  duplicate_of        integer,                            -- the event that told the same before
  attempts            integer not null default 0,         -- claims that were not given back
  next_at_ms          integer not null default 0,         -- not before then
  owner               text,                               -- who works on it, until when
  boot_id             text,
  lease_until_boot_ms integer,
  done_at_ms          integer,
  raw                 blob not null
) strict;

create unique index events_digest on events (digest, instance);
-- The line of each chat, in the order of arrival.
create index events_line on events (instance, chat_id, id) where state in ('stored', 'processing');
-- Everything that is not done: what waits, what is worked on, what a person has to look at.
create index events_open on events (state, id) where state <> 'done';
create index events_by_chat on events (chat_id, id) where state not in ('stored', 'processing');
create index events_by_remote on events (remote_id) where state = 'done' and remote_id is not null;
-- What happened is carried out once, whatever bytes told it.
create unique index events_meaning on events (instance, semantic_key)
 where state = 'done' and duplicate_of is null and semantic_key is not null;

create table event_log (
  id         integer primary key,
  event_id   integer not null references events (id) on delete cascade,
  epoch      integer not null,
  at_ms      integer not null,
  from_state text not null,
  to_state   text not null,
  reason     text not null,
  detail     text,
  actor      text not null
) strict;

create index event_log_of on event_log (event_id, id);

-- One consumer per instance takes notifications out of GREEN-API's queue.
create table pollers (
  instance            text primary key,
  owner               text not null,
  run_dir             text not null,                      -- where its lock file is
  since_at_ms         integer not null,
  boot_id             text not null,
  lease_until_boot_ms integer not null
) strict, without rowid;

create trigger events_begin before insert on events
 when new.epoch <> 0 or new.attempts <> 0 or (new.state <> 'stored' and new.state <> 'quarantined')
begin
  select raise(abort, 'an event begins stored or quarantined, at epoch 0');
end;

create trigger events_epoch_grows before update of state, epoch on events
 when new.epoch not in (old.epoch, old.epoch + 1) or (new.state <> old.state and new.epoch = old.epoch)
begin
  select raise(abort, 'a move of an event is one epoch');
end;

create trigger events_moves before update of epoch on events
 when new.epoch <> old.epoch and old.state || ' ' || new.state || ' ' || new.reason not in (
  'stored processing claim', 'stored stored retry',
  'processing done processed', 'processing done duplicate',
  'processing stored failed', 'processing stored owner_dead', 'processing stored lease_over',
  'processing stored released',
  'processing dead failed', 'processing dead owner_dead', 'processing dead lease_over',
  'processing quarantined unreadable',
  'dead stored retry', 'dead stored replay', 'quarantined stored replay', 'done stored replay')
begin
  select raise(abort, 'an event cannot move like that');
end;

create trigger events_raw_stays before update of instance, source, received_at_ms, digest, raw on events
begin
  select raise(abort, 'what was received is not changed');
end;

create trigger events_log_moved after update of epoch on events
 when new.epoch <> old.epoch
begin
  insert into event_log (event_id, epoch, at_ms, from_state, to_state, reason, detail, actor)
  values (new.id, new.epoch, new.state_at_ms, old.state, new.state, new.reason, new.detail, new.actor);
end;
"""
