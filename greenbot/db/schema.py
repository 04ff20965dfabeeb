"""The schema, migration by migration. Imported only while a store is being migrated.

What may change later (the words a column may hold, the moves a message may make) stands in
triggers, which a migration replaces in a moment, and not in CHECKs, which would cost a rebuilt table.
A migration that has been released is never edited.
"""

MESSAGES = """
create table messages (
  id                     integer primary key autoincrement,  -- the order of acceptance
  instance               text not null,
  chat_id                text not null,
  kind                   text not null,              -- the kind of draft: text, file_upload ...
  method                 text not null,              -- the GREEN-API method that sends it
  draft                  text not null,              -- JSON
  fingerprint            text not null,              -- kind, normalised text, file digest: what a journal can show
  payload_digest         text not null,              -- of everything that would be sent
  dedupe_key             text,                       -- the caller's --key
  retry_of               integer references messages (id) on delete set null,
  priority               integer not null default 1, -- 0 high, 1 normal, 2 bulk
  class                  text not null default 'service',
  policy                 text not null default 'reconcile',  -- for an unknown outcome: reconcile, hold, resend
  campaign_id            integer,
  campaign_row           integer,
  file_sha256            text,                       -- the spooled copy of the file
  file_url               text,                       -- where GREEN-API keeps it after uploadFile
  file_url_expires_at_ms integer,
  created_at_ms          integer not null,
  scheduled_at_ms        integer not null default 0, -- when the sender wants it to leave
  not_before_ms          integer not null default 0, -- when it may leave: schedule, or back-off after a failure
  expires_at_ms          integer,
  held_reason            text,                       -- why it must not leave, whatever the time

  state                  text not null default 'queued',
  epoch                  integer not null default 0, -- grows by one with every change; stale writers lose by it
  state_at_ms            integer not null,           -- of the last change:
  reason                 text not null default 'added',
  cause                  text,
  detail                 text,
  actor                  text not null default 'shell',

  owner                  text,                       -- who claimed it, until when
  boot_id                text,
  lease_until_boot_ms    integer,
  attempts               integer not null default 0, -- POSTs begun
  round_attempts         integer not null default 0, -- of these, in the present delivery round
  ambiguous_attempts     integer not null default 0, -- of these, with unknown outcome
  first_post_at_ms       integer,
  last_post_at_ms        integer,
  uncertain_since_ms     integer,
  looks                  integer not null default 0, -- complete looks that did not find it
  last_look_at_ms        integer,

  remote_id              text,                       -- GREEN-API's idMessage
  evidence               text,                       -- how acceptance is known: response, queue, journal, status ...
  accepted_at_ms         integer,
  delivery               text,                       -- sent, delivered, read
  delivery_at_ms         integer
) strict;

-- One message in flight or in doubt per chat: what makes reconciliation safe.
create unique index messages_in_flight on messages (instance, chat_id)
 where state in ('claimed', 'sending', 'uncertain');
create unique index messages_remote on messages (instance, remote_id) where remote_id is not null;
create unique index messages_dedupe on messages (instance, dedupe_key) where dedupe_key is not null;

-- The line of each chat, in the order of acceptance.
create index messages_line on messages (instance, chat_id, id)
 where state in ('queued', 'claimed', 'sending', 'uncertain');
create index messages_due on messages (instance, priority, not_before_ms, id)
 where state = 'queued' and held_reason is null;
create index messages_expiring on messages (expires_at_ms) where state = 'queued' and expires_at_ms is not null;
create index messages_owned on messages (owner) where state in ('claimed', 'sending');
create index messages_uncertain on messages (instance, uncertain_since_ms) where state = 'uncertain';
create index messages_unconfirmed on messages (instance, accepted_at_ms) where state = 'accepted' and delivery is null;
create index messages_by_state on messages (state, id);
create index messages_by_instance on messages (instance, state, id);
create index messages_by_chat on messages (chat_id, id);
create index messages_by_campaign on messages (campaign_id, state, id) where campaign_id is not null;
create index messages_by_file on messages (file_sha256) where file_sha256 is not null;

create table message_log (
  message_id integer not null references messages (id) on delete cascade,
  epoch      integer not null,
  at_ms      integer not null,
  from_state text,
  to_state   text not null,
  reason     text not null,
  cause      text,
  detail     text,
  actor      text not null,
  primary key (message_id, epoch)
) strict, without rowid;

-- Kept by triggers, so that counting a long queue costs nothing.
create table message_counts (
  instance text not null,
  state    text not null,
  messages integer not null,
  primary key (instance, state)
) strict, without rowid;

create trigger messages_begin_queued before insert on messages
 when new.state <> 'queued' or new.epoch <> 0 or new.reason <> 'added'
begin
  select raise(abort, 'a message begins queued, at epoch 0');
end;

create trigger messages_epoch_grows before update on messages
 when new.epoch not in (old.epoch, old.epoch + 1) or (new.state <> old.state and new.epoch = old.epoch)
begin
  select raise(abort, 'a change of a message is one epoch');
end;

create trigger messages_moves before update on messages
 when new.epoch <> old.epoch and old.state || ' ' || new.state || ' ' || new.reason not in (
  'queued queued held', 'queued queued released', 'queued queued edited',
  'queued claimed claim', 'queued expired expired', 'queued cancelled operator',
  'queued failed attempts', 'queued failed not_sent', 'queued failed bad_draft',
  'claimed queued owner_dead', 'claimed queued lease_over', 'claimed queued shutdown',
  'claimed cancelled interrupted', 'claimed sending post',
  'sending accepted response', 'sending queued not_sent', 'sending failed rejected', 'sending failed not_sent',
  'sending cancelled interrupted',
  'sending uncertain ambiguous', 'sending uncertain interrupted',
  'sending uncertain owner_dead', 'sending uncertain lease_over',
  'uncertain uncertain look',
  'uncertain accepted queue', 'uncertain accepted journal', 'uncertain accepted status',
  'uncertain accepted late_response', 'uncertain accepted operator',
  'uncertain queued not_found', 'uncertain queued resend', 'uncertain queued operator',
  'uncertain failed operator', 'uncertain failed given_up',
  'accepted accepted status', 'accepted delivered status', 'accepted failed status',
  'accepted stalled silence', 'accepted stalled id_conflict', 'accepted uncertain id_conflict',
  'stalled accepted status', 'stalled delivered status', 'stalled failed status',
  'stalled failed operator', 'stalled uncertain id_conflict',
  'delivered delivered status', 'delivered uncertain id_conflict', 'delivered stalled id_conflict')
begin
  select raise(abort, 'a message cannot move like that');
end;

create trigger messages_content_stays before update of
  instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, file_sha256 on messages
begin
  select raise(abort, 'what was accepted is not changed');
end;

-- Statuses arrive late, twice and out of order; a message never moves back. Only losing its remote id resets it.
create trigger messages_delivery_climbs before update of delivery on messages
 when new.remote_id is not null
  and coalesce(instr('  sent delivered read', ' ' || new.delivery), 0)
    < coalesce(instr('  sent delivered read', ' ' || old.delivery), 0)
begin
  select raise(abort, 'a delivery status never moves back');
end;

create trigger messages_kept_while_open before delete on messages
 when old.state in ('queued', 'claimed', 'sending', 'uncertain')
begin
  select raise(abort, 'an open message is not removed');
end;

create trigger messages_log_added after insert on messages
begin
  insert into message_log (message_id, epoch, at_ms, from_state, to_state, reason, cause, detail, actor)
  values (new.id, 0, new.state_at_ms, null, new.state, new.reason, new.cause, new.detail, new.actor);
  insert into message_counts (instance, state, messages) values (new.instance, new.state, 1)
      on conflict do update set messages = messages + 1;
end;

create trigger messages_log_changed after update on messages
 when new.epoch <> old.epoch
begin
  insert into message_log (message_id, epoch, at_ms, from_state, to_state, reason, cause, detail, actor)
  values (new.id, new.epoch, new.state_at_ms, old.state, new.state, new.reason, new.cause, new.detail, new.actor);
end;

create trigger messages_count_moved after update of state on messages
 when new.state <> old.state
begin
  update message_counts set messages = messages - 1 where instance = old.instance and state = old.state;
  insert into message_counts (instance, state, messages) values (new.instance, new.state, 1)
      on conflict do update set messages = messages + 1;
end;

create trigger messages_count_removed after delete on messages
begin
  update message_counts set messages = messages - 1 where instance = old.instance and state = old.state;
end;
"""

CALLS = """
-- Every HTTP attempt for a message: begun before the first byte, completed when its outcome is known.
create table calls (
  id             integer primary key,
  message_id     integer references messages (id) on delete cascade,
  instance       text not null,
  method         text not null,
  attempt        integer not null default 1,
  owner          text,
  started_at_ms  integer not null,
  elapsed_ms     integer,
  outcome        text,      -- the class of the outcome; null while it is under way, or for ever after a crash
  reason         text,
  detail         text,
  status         integer,
  remote_id      text,
  retry_after_ms integer,
  request        text,      -- masked
  response       text       -- masked
) strict;

create index calls_by_message on calls (message_id, id) where message_id is not null;
create index calls_by_time on calls (started_at_ms);
"""
