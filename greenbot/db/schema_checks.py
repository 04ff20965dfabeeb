"""Which numbers have WhatsApp, as GREEN-API said when it was asked. Imported only while a store is being migrated."""

CHECKS = """
create table number_checks (
  instance      text not null,
  chat_id       text not null,                   -- as it was asked: number@c.us or id@lid
  exists_there  integer not null,                -- the number has WhatsApp
  known_as      text,                            -- the id GREEN-API gave it, where that is another one
  at_ms         integer not null,
  primary key (instance, chat_id)
) strict, without rowid;

-- How often was asked on one day of the hotel; days before it are forgotten.
create table number_check_days (
  instance text not null,
  day      text not null,                        -- 2026-11-22
  used     integer not null,
  primary key (instance, day)
) strict, without rowid;
"""
