"""Tables of hooks: the rules that pass events on, and what became of each delivery.

The body of a delivery is made from its event when it leaves, so nothing a guest wrote is kept twice. Secrets are in
files, never here. Imported only while a store is migrated.
"""

HOOKS = """
create table hooks (
  id               integer primary key autoincrement,
  name             text not null unique,
  kind             text not null,                    -- url, command, handlers
  target           text not null,                    -- the URL, JSON of the argv, the module
  instances        text not null default 'all',      -- a name, a pattern, or all
  tag              text,
  events           text not null,                    -- JSON list of words
  direction        text not null default 'in',       -- of messages: in, out, any
  chat             text,                             -- a pattern of chat ids
  match_kind       text,                             -- of the text: literal, glob
  match_text       text,
  environment      text not null default '[]',       -- JSON: variables a command is given besides the usual ones
  concurrency      integer not null default 4,       -- deliveries at once, at most one of each chat
  timeout_ms       integer not null default 15000,
  enabled          integer not null default 1,
  disabled_reason  text,
  created_at_ms    integer not null,
  changed_at_ms    integer not null,

  streak           integer not null default 0,       -- failures in a row
  openings         integer not null default 0,       -- how often it was given a rest since the last success
  open_until_ms    integer not null default 0        -- it rests until then
) strict;

create table hook_deliveries (
  id                  integer primary key autoincrement,
  hook_id             integer not null references hooks (id) on delete cascade,
  event_id            integer not null,
  instance            text not null,
  chat_id             text not null,                 -- '' is the instance's own line
  webhook_id          text not null,                 -- stays the same however often it is tried
  state               text not null default 'queued',-- queued, sending, done, dead
  reason              text not null default 'matched',
  is_head             integer not null default 0,    -- the next one of its chat
  epoch               integer not null default 0,    -- grows by one with every move; stale writers lose by it
  attempts            integer not null default 0,
  next_at_ms          integer not null default 0,
  created_at_ms       integer not null,
  state_at_ms         integer not null,
  owner               text,
  boot_id             text,
  lease_until_boot_ms integer,
  unique (hook_id, event_id)
) strict;

create index hook_deliveries_line on hook_deliveries (hook_id, instance, chat_id, id)
 where state in ('queued', 'sending');
create index hook_deliveries_due on hook_deliveries (hook_id, next_at_ms, id) where state = 'queued' and is_head = 1;
create index hook_deliveries_sending on hook_deliveries (hook_id, id) where state = 'sending';
create index hook_deliveries_dead on hook_deliveries (hook_id, id) where state = 'dead';
create index hook_deliveries_of_event on hook_deliveries (event_id);
create index hook_deliveries_of_chat on hook_deliveries (chat_id, id);

create table hook_attempts (
  id            integer primary key,
  delivery_id   integer not null references hook_deliveries (id) on delete cascade,
  attempt       integer not null,
  owner         text,
  started_at_ms integer not null,
  elapsed_ms    integer,
  outcome       text,                                -- null while under way, or for ever after a crash
  status        integer,                             -- of HTTP, or the exit status of a command
  words         text,
  snippet       text                                 -- the beginning of the answer, harmless and without secrets
) strict;

create index hook_attempts_of on hook_attempts (delivery_id, id);

create trigger hook_deliveries_move before update of state, epoch on hook_deliveries
 when new.epoch <> old.epoch + 1 or (old.state || ' ' || new.state) not in (
   'queued sending', 'sending queued', 'sending done', 'sending dead', 'queued dead', 'queued queued', 'dead queued',
   'done queued')
begin
  select raise(abort, 'this move of a delivery does not exist');
end;
"""
