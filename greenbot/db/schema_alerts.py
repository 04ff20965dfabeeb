"""Tables of alerts: rules, what became of each, what people were told. Imported only while a store is migrated."""

ALERTS = """
-- What somebody wants to be told. `version` grows when what it judges by is changed, and its alerts begin anew.
create table alert_rules (
  name          text primary key,
  version       integer not null default 1,
  edition       integer not null default 1,        -- grows with every change at all: the ETag
  metric        text not null,                     -- a name of greenbot/metrics/catalogue.py, or of alerts/readings.py
  op            text not null check (op in ('>', '>=', '<', '<=')),
  threshold     real not null,                     -- percent, milliseconds or a number, as the metric's unit
  window_s      integer not null check (window_s between 10 and 86400),
  for_s         integer not null default 0 check (for_s between 0 and 86400),
  keep_firing_s integer not null default 0 check (keep_firing_s between 0 and 86400),
  min_total     integer not null default 0,
  min_bad       integer not null default 0,
  scope         text not null default 'instance' check (scope in ('instance', 'fleet', 'both')),
  instances     text not null default '*',         -- glob over names
  severity      text not null default 'medium' check (severity in ('low', 'medium', 'high', 'critical')),
  description   text not null default '',
  receivers     text not null default '[]',        -- JSON: names; empty: the default receivers
  cooldown_s    integer not null default 300,
  repeat_s      integer not null default 14400,
  enabled       integer not null default 1 check (enabled in (0, 1)),
  origin        text not null default 'person' check (origin in ('default', 'person', 'file')),
  created_at_ms integer not null,
  changed_at_ms integer not null,
  changed_by    text not null
) strict;

-- One alert: a rule for one instance, or '*' for the fleet. Kept by the one evaluator that holds the lease.
create table alerts (
  rule             text not null,
  instance         text not null,
  rule_version     integer not null,
  state            text not null default 'unknown'
                   check (state in ('unknown', 'inactive', 'pending', 'firing', 'recovering', 'nodata', 'resolved')),
  epoch            integer not null default 0,
  since_at_ms      integer not null,               -- of the state
  active_since_ms  integer,                        -- the condition is true since; moved by the evaluator's absence
  firing_since_ms  integer,
  false_since_ms   integer,                        -- while recovering
  nodata_since_ms  integer,
  evaluated_at_ms  integer not null default 0,
  value            real,
  reason           text not null default '',
  acked_by         text,
  acked_at_ms      integer,
  ack_comment      text,
  notified_at_ms   integer,                        -- the last firing notice; repeats count from there
  resolved_notified_at_ms integer,                 -- the last resolved notice; the cooldown counts from there
  sequence         integer not null default 0,     -- numbers the notices of one firing
  primary key (rule, instance)
) strict, without rowid;

create index alerts_active on alerts (state) where state in ('pending', 'firing', 'recovering', 'nodata');

create table alert_log (
  id           integer primary key,
  at_ms        integer not null,
  rule         text not null,
  instance     text not null,
  rule_version integer not null,
  from_state   text not null,
  to_state     text not null,
  reason       text not null,
  value        real,
  severity     text not null
) strict;

create index alert_log_of on alert_log (rule, instance, id);
create index alert_log_at on alert_log (at_ms);

-- What a person is owed to hear; written in the transaction of the transition that causes it.
create table notices (
  id            integer primary key autoincrement,
  key           text not null unique,              -- rule, instance, active since, kind, sequence
  at_ms         integer not null,
  rule          text not null,
  instance      text not null,
  kind          text not null check (kind in ('firing', 'repeat', 'resolved', 'acked', 'drill', 'test')),
  severity      text not null,
  value         real,
  reason        text not null default '',
  facts         text not null default '{}',        -- JSON: what a text is made of; no guest's words, no full numbers
  state         text not null default 'waiting'
                check (state in ('waiting', 'grouped', 'told', 'silenced', 'inhibited', 'cooled', 'dropped', 'failed')),
  not_before_ms integer not null default 0,
  state_at_ms   integer not null,
  why           text not null default '',
  -- Something may still become of it: silenced, inhibited or cooled it is told once that ends before the alert does.
  is_open       integer not null default 1 check (is_open in (0, 1))
) strict;

create index notices_open on notices (id) where is_open = 1;
create index notices_of on notices (rule, instance, id);

-- One text to one receiver: several notices of a rule travel together.
create table notice_deliveries (
  id            integer primary key autoincrement,
  receiver      text not null,
  rule          text not null,
  kind          text not null default 'alert' check (kind in ('alert', 'ack', 'drill', 'test')),
  notice_ids    text not null,                     -- JSON
  is_fallback_for integer,                         -- the delivery it stands in for, because its receiver is not reached
  state         text not null default 'waiting'
                check (state in ('waiting', 'sending', 'sent', 'proved', 'failed', 'dropped')),
  owner         text,
  boot_id       text,
  lease_until_boot_ms integer,
  attempts      integer not null default 0,
  next_at_ms    integer not null default 0,
  created_at_ms integer not null,
  sent_at_ms    integer,
  proof         text,                              -- what shows that it arrived: a message id, a status
  problem       text
) strict;

create index notice_deliveries_open on notice_deliveries (state, id);
-- Sent through something that says later whether it arrived.
create index notice_deliveries_unproved on notice_deliveries (id) where state = 'sent' and proof is not null;
create index notice_deliveries_of on notice_deliveries (rule, created_at_ms);
create unique index notice_deliveries_fallback on notice_deliveries (is_fallback_for)
 where is_fallback_for is not null;

create table receivers (
  name          text primary key,
  kind          text not null,
  settings      text not null,                     -- JSON; secrets only as where they are kept
  enabled       integer not null default 1,
  is_default    integer not null default 0,
  fallback      text,                              -- told when this one cannot be reached
  created_at_ms integer not null,
  proved_at_ms  integer,                           -- the last text that certainly arrived
  problem       text not null default '',          -- what was wrong the last time
  streak        integer not null default 0,        -- failures in a row
  openings      integer not null default 0,        -- rests since the last success
  open_until_ms integer not null default 0         -- rests until then
) strict;

create table silences (
  id            integer primary key autoincrement,
  rule          text not null default '*',         -- glob
  instance      text not null default '*',         -- glob
  severity      text not null default '*',
  begins_at_ms  integer not null,
  until_at_ms   integer not null,
  author        text not null,
  comment       text not null,
  created_at_ms integer not null,
  expired_at_ms integer                            -- ended by hand
) strict;

-- Work that one process does for all: the evaluator, the watcher. The epoch fences one that was paused.
create table duties (
  name                text primary key,
  owner               text not null,
  boot_id             text not null,
  lease_until_boot_ms integer not null,
  epoch               integer not null,
  done_at_ms          integer not null default 0,  -- the last full turn
  turn_ms             integer not null default 0   -- and how long it took
) strict, without rowid;
"""
