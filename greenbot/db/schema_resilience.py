"""What the processes of a machine share about GREEN-API's patience and health. Imported only while a store is migrated.

Most of it may be lost in a power cut: moments are counted from the boot, and another boot begins anew. Only what an
operator decided about a breaker has to last.
"""

RESILIENCE: tuple[str, ...] = (
    # One line of reserved moments per key: an instance, or a method of an instance.
    """
    create table rate_lines (
      key                  text primary key,
      boot_id              text not null,
      slots                blob not null,     -- 64-bit integers: milliseconds since boot << 20 | number
      next_number          integer not null,
      version              integer not null,  -- grows when a promised moment is moved
      paused_until_boot_ms integer not null,  -- after a 429
      share                real not null,     -- of the full rate, at the end of the pause
      limited_at_boot_ms   integer not null,  -- the last 429 that counted
      strikes              integer not null   -- 429s in a row
    ) strict
    """,
    # How many retries an instance may still make.
    """
    create table retry_budgets (
      instance        text primary key,
      boot_id         text not null,
      tenths          integer not null,  -- of a token
      paid_at_boot_ms integer not null   -- the last retry
    ) strict, without rowid
    """,
    """
    create table breakers (
      instance            text not null,
      host                text not null,                  -- api, media, partner
      state               text not null default 'closed', -- closed, open, half_open, forced_open
      epoch               integer not null default 0,     -- grows by one with every change
      boot_id             text not null,
      since_boot_ms       integer not null,               -- of the state
      since_at_ms         integer not null,               -- the same for people
      calls               text not null default '[]',     -- JSON: [bucket, calls, failures, slow], ...
      streak              integer not null default 0,     -- transport failures in a row
      openings            integer not null default 0,     -- each doubles the next opening
      open_until_boot_ms  integer not null default 0,
      lease_owner         text,                           -- who may make the one call when half open, until when
      lease_until_boot_ms integer not null default 0,
      ticket              integer not null default 0,     -- of that call; a late answer with another one is dropped
      probed              integer not null default 0,     -- getStateInstance answered
      good_trials         integer not null default 0,     -- real calls that went well since
      reason              text not null default '',
      primary key (instance, host)
    ) strict, without rowid
    """,
    """
    create table breaker_log (
      id         integer primary key,
      instance   text not null,
      host       text not null,
      at_ms      integer not null,
      from_state text not null,
      to_state   text not null,
      reason     text not null
    ) strict
    """,
    """
    create index breaker_log_of on breaker_log (instance, host, id)
    """,
    """
    create trigger breakers_begin_closed before insert on breakers
     when new.state <> 'closed' or new.epoch <> 0
    begin
      select raise(abort, 'a breaker begins closed, at epoch 0');
    end
    """,
    """
    create trigger breakers_epoch_grows before update on breakers
     when new.epoch <> old.epoch + 1
    begin
      select raise(abort, 'a change of a breaker is one epoch');
    end
    """,
    """
    create trigger breakers_move before update on breakers
     when new.state <> old.state and old.state || ' ' || new.state not in (
      'closed open', 'closed forced_open',
      'open half_open', 'open forced_open',
      'half_open closed', 'half_open open', 'half_open forced_open',
      'forced_open half_open')
    begin
      select raise(abort, 'a breaker cannot move like that');
    end
    """,
    """
    create trigger breakers_log_moves after update of state on breakers
     when new.state <> old.state
    begin
      insert into breaker_log (instance, host, at_ms, from_state, to_state, reason)
      values (new.instance, new.host, new.since_at_ms, old.state, new.state, new.reason);
    end
    """,
)
