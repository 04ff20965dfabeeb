"""Tables of metrics: what happened, counted. Imported only while a store is being migrated.

Messages and their calls count themselves: triggers write a line into the feed, in the transaction of what they tell,
so a process that is killed loses none and a shell command does nothing extra. What has no row of its own (questions
to GREEN-API, waits) is counted in memory and flushed as cells.

    feed, memory -> cells of 10 s -> minutes -> hours        instance 0 in minutes and hours: the fleet
"""

#: How many, how many badly, how long they took (greenbot/metrics/histogram.py), how often what (names.py).
_SUMS = """
  n        integer not null,
  bad      integer not null,
  sum_ms   integer not null,
  max_ms   integer not null,
  hist     blob,
  labels   blob"""

METRICS = f"""
-- Instances and labels, as numbers. 0 is the fleet.
create table metric_names (
  id   integer primary key,
  name text not null unique
) strict;

insert into metric_names (id, name) values (0, '*');

create table metric_feed (
  id       integer primary key,
  at_ms    integer not null,
  instance text not null,
  kind     text not null,      -- call, message, delivery, event
  name     text not null,      -- the method; the type of event
  label    text not null,      -- what became of it
  value_ms integer             -- how long it took
) strict;

-- Only ever added to, so a reader that knows the last id sees exactly what is new.
create table metric_cells (
  id       integer primary key autoincrement,
  at_s     integer not null,   -- where its ten seconds begin
  instance integer not null,
  series   integer not null,
  tail     integer not null,   -- the latest ones in a row: 3 good, -3 bad
  tail_ms  integer not null,   -- from the first of them to the last
  last_ms  integer not null,   -- the latest one, counted from at_s
{_SUMS}
) strict;

create index metric_cells_at on metric_cells (at_s);

create table metric_minutes (
  instance integer not null,
  series   integer not null,
  at_s     integer not null,
{_SUMS},
  primary key (instance, series, at_s)
) strict, without rowid;

create table metric_hours (
  instance integer not null,
  series   integer not null,
  at_s     integer not null,
{_SUMS},
  primary key (instance, series, at_s)
) strict, without rowid;

-- Everything that ever was, of each instance: only grows, whatever is pruned. What counters are read from.
create table metric_totals (
  instance integer not null,
  series   integer not null,
  n        integer not null,
  bad      integer not null,
  sum_ms   integer not null,
  primary key (instance, series)
) strict, without rowid;

create table metric_marks (
  name  text primary key,      -- rolled_id: the cells up to there are in minutes and hours
  value integer not null
) strict, without rowid;

-- What the fleet looks like now, in one row: reading it costs the same for 3 instances and for 300.
create table metric_now (
  id    integer primary key check (id = 1),
  at_ms integer not null,
  body  blob not null          -- JSON
) strict;

-- Every instance as the faces draw it, the worst first, made with the row above (greenbot/board.py).
create table metric_board (
  id      integer primary key check (id = 1),
  edition integer not null,    -- who has read this one already need not read it again
  at_ms   integer not null,
  body    blob not null        -- msgpack
) strict;

-- The last sign of life of each part of a service.
create table metric_beats (
  part   text not null,        -- worker, processor, evaluator ...
  owner  text not null,
  at_ms  integer not null,
  primary key (part, owner)
) strict, without rowid;

create trigger metric_feed_calls after update of outcome on calls
 when old.outcome is null and new.outcome is not null
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.started_at_ms + coalesce(new.elapsed_ms, 0), new.instance, 'call', new.method,
          new.outcome || ' ' || coalesce(new.status, '-') || ' ' || coalesce(new.reason, ''), new.elapsed_ms);
end;

create trigger metric_feed_messages after update of state on messages
 when new.state <> old.state and new.state in ('accepted', 'failed', 'expired') and old.state <> 'stalled'
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.state_at_ms, new.instance, 'message', new.method,
          new.state || ' ' || coalesce(new.cause, new.reason), null);
end;

create trigger metric_feed_doubts after update of looks on messages
 when new.state = 'uncertain' and old.looks = 0 and new.looks = 1
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.state_at_ms, new.instance, 'message', new.method, 'uncertain look', null);
end;

create trigger metric_feed_deliveries after update of delivery on messages
 when new.delivery is not null and new.delivery is not old.delivery
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  select coalesce(new.delivery_at_ms, new.state_at_ms), new.instance, 'delivery', new.method, 'delivered',
         max(0, new.delivery_at_ms - new.accepted_at_ms)
   where new.delivery = 'read' and coalesce(old.delivery, 'sent') = 'sent';
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (coalesce(new.delivery_at_ms, new.state_at_ms), new.instance, 'delivery', new.method, new.delivery,
          case when new.delivery = 'delivered' then max(0, new.delivery_at_ms - new.accepted_at_ms) end);
end;

create trigger metric_feed_events after update of state on events
 when new.state <> old.state and new.state in ('done', 'dead', 'quarantined') and old.done_at_ms is null
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.state_at_ms, new.instance, 'event', new.type, new.state, max(0, new.state_at_ms - new.received_at_ms));
end;

create trigger metric_feed_refused_events after insert on events
 when new.state = 'quarantined'
begin
  insert into metric_feed (at_ms, instance, kind, name, label, value_ms)
  values (new.received_at_ms, new.instance, 'event', new.type, 'quarantined', null);
end;
"""  # noqa: S608 - only names of ours
