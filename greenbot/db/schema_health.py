"""What is known of each instance, and which of them an operator stopped. Imported only while a store is migrated."""

HEALTH: tuple[str, ...] = (
    # One row per instance; rules in greenbot/resilience/health.py.
    """
    create table instance_health (
      instance       text primary key,
      state          text not null,               -- of the machine: unknown, authorized, degraded, not_sendable ...
      account        text not null default '',    -- GREEN-API's own word for it: authorized, sleepMode, yellowCard ...
      reason         text not null default '',
      since_at_ms    integer not null,            -- of the state
      seen_at_ms     integer not null default 0,  -- the last time anything confirmed it
      event_at_ms    integer not null default 0,  -- GREEN-API's time of the last state event that counted
      refusals       integer not null default 0,  -- 401 and 403 in a row
      agreeing       integer not null default 0,  -- answers in a row that contradict the state
      agreeing_at_ms integer not null default 0,  -- the first of them
      misses         integer not null default 0,  -- questions in a row without an answer
      until_at_ms    integer not null default 0,  -- of a quota: try again then
      asked_at_ms    integer not null default 0,  -- when some process last asked: one of them does for all
      queue_length   integer not null default 0,  -- of GREEN-API's send queue, when it was last looked at
      queue_at_ms    integer not null default 0
    ) strict, without rowid
    """,
    """
    create table health_log (
      id         integer primary key,
      instance   text not null,
      at_ms      integer not null,
      from_state text not null,
      to_state   text not null,
      account    text not null,
      reason     text not null
    ) strict
    """,
    """
    create index health_log_of on health_log (instance, id)
    """,
    """
    create trigger health_log_moves after update of state on instance_health
     when new.state <> old.state
    begin
      insert into health_log (instance, at_ms, from_state, to_state, account, reason)
      values (new.instance, new.since_at_ms, old.state, new.state, new.account, new.reason);
    end
    """,
    # Instances an operator has stopped: their messages stay in the queue until somebody lets them go.
    """
    create table pauses (
      instance    text primary key,
      since_at_ms integer not null,
      reason      text not null default '',
      actor       text not null
    ) strict, without rowid
    """,
)
