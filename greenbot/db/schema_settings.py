"""How far a change of GREEN-API's settings is, one row for each number. Imported only while a store is migrated."""

SETTINGS = """
create table settings_changes (
  instance     text primary key,
  state        text not null,                  -- sending, sent, done, unverified, failed
  wanted       text not null,                  -- JSON: name of a setting to a digest of its value
  state_before text,                           -- of the number, when it was asked
  begun_at_ms  integer not null,
  ended_at_ms  integer,
  actor        text not null,
  detail       text
) strict;
"""
