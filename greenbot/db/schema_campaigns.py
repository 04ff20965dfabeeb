"""Templates, campaigns, suppressed guests and the health of numbers. Imported only while a store is being migrated."""

CAMPAIGNS = """
create table templates (
  name          text primary key,
  text          text not null,
  created_at_ms integer not null,
  changed_at_ms integer not null
) strict, without rowid;

create table campaigns (
  id              integer primary key autoincrement,
  name            text not null unique,
  instance        text not null,
  class           text not null,               -- promo asks for consent, service does not
  policy          text not null,               -- for an unknown outcome: reconcile, hold, resend
  source          text not null,               -- the file the guests came from
  template        text,                        -- its name when the plan was made; the rows hold the words
  timezone        text not null,               -- the hotel's: days are counted in it
  quiet           text,                        -- 21:00-09:00
  spacing_from_ms integer not null,
  spacing_to_ms   integer not null,
  max_per_day     integer,
  abort_above     real,                        -- share of failures that stops it
  expire_ms       integer,                     -- after its start nothing leaves later than this
  seed            integer not null,
  state           text not null default 'planned',  -- planned, starting, running, paused, cancelled
  why             text,                        -- it is paused
  state_at_ms     integer not null,
  created_at_ms   integer not null,
  started_at_ms   integer,
  begin_at_ms     integer,                     -- nothing leaves earlier
  laid_out_at_ms  integer,                     -- when its messages got their times
  forgiven        integer not null default 0   -- failures an operator has seen when resuming it
) strict;

-- One row per guest of the file, good or bad. What its message does, the row follows, so that a report
-- stays complete when old messages are purged.
create table campaign_rows (
  campaign_id integer not null references campaigns (id) on delete cascade,
  number      integer not null,                -- 1, 2, 3 ... in the order of the file
  line        integer not null,                -- of the file
  chat_id     text,
  timezone    text,                            -- the guest's, where the file says it
  text        text,
  status      text not null,                   -- bad, duplicate, suppressed, ready; then the state of its message
  problem     text,
  message_id  integer,
  primary key (campaign_id, number)
) strict, without rowid;

create index campaign_rows_by_status on campaign_rows (campaign_id, status, number);

create table campaign_counts (
  campaign_id integer not null references campaigns (id) on delete cascade,
  status      text not null,
  guests      integer not null,
  primary key (campaign_id, status)
) strict, without rowid;

create trigger campaign_rows_counted after insert on campaign_rows
begin
  insert into campaign_counts (campaign_id, status, guests) values (new.campaign_id, new.status, 1)
      on conflict do update set guests = guests + 1;
end;

create trigger campaign_rows_recounted after update of status on campaign_rows
 when new.status <> old.status
begin
  update campaign_counts set guests = guests - 1 where campaign_id = old.campaign_id and status = old.status;
  insert into campaign_counts (campaign_id, status, guests) values (new.campaign_id, new.status, 1)
      on conflict do update set guests = guests + 1;
end;

create trigger campaign_rows_follow_new_messages after insert on messages
 when new.campaign_id is not null
begin
  update campaign_rows set message_id = new.id, status = new.state
   where campaign_id = new.campaign_id and number = new.campaign_row;
end;

create trigger campaign_rows_follow_messages after update of state on messages
 when new.campaign_id is not null and new.state <> old.state
begin
  update campaign_rows
     set status = case when new.state = 'cancelled' and new.cause = 'suppressed' then 'suppressed' else new.state end
   where campaign_id = new.campaign_id and number = new.campaign_row and message_id = new.id;
end;

-- When a campaign's messages left, for its spacing and its day's limit.
create table campaign_departures (
  campaign_id integer not null references campaigns (id) on delete cascade,
  message_id  integer not null,
  at_ms       integer not null,
  primary key (campaign_id, message_id)
) strict, without rowid;

create index campaign_departures_by_time on campaign_departures (campaign_id, at_ms);

create trigger campaign_departs after update of state on messages
 when new.campaign_id is not null and old.state = 'queued' and new.state = 'claimed'
begin
  insert into campaign_departures (campaign_id, message_id, at_ms)
  select new.campaign_id, new.id, new.state_at_ms where exists (select 1 from campaigns where id = new.campaign_id)
      on conflict do update set at_ms = excluded.at_ms;
end;

create trigger campaign_stays after update of state on messages
 when new.campaign_id is not null
  and old.state in ('claimed', 'sending') and new.state in ('queued', 'cancelled', 'failed')
begin
  delete from campaign_departures where campaign_id = new.campaign_id and message_id = new.id;
end;

-- Every person a number has ever written to or heard from. A number that writes to many strangers gets blocked.
create table known_chats (
  instance    text not null,
  chat_id     text not null,
  first_at_ms integer not null,
  first_by    text not null,                   -- us, guest
  message_id  integer,                         -- the first one from us
  primary key (instance, chat_id)
) strict, without rowid;

create index known_chats_begun on known_chats (instance, first_at_ms) where first_by = 'us';

insert into known_chats (instance, chat_id, first_at_ms, first_by)
select instance, chat_id, min(first_post_at_ms), 'us' from messages
 where first_post_at_ms is not null and (chat_id like '%@c.us' or chat_id like '%@lid')
 group by instance, chat_id;

create trigger known_chats_begin after update of state on messages
 when old.state = 'queued' and new.state = 'claimed' and (new.chat_id like '%@c.us' or new.chat_id like '%@lid')
begin
  insert into known_chats (instance, chat_id, first_at_ms, first_by, message_id)
  values (new.instance, new.chat_id, new.state_at_ms, 'us', new.id) on conflict do nothing;
end;

create trigger known_chats_stay_new after update of state on messages
 when old.state in ('claimed', 'sending') and new.state in ('queued', 'cancelled', 'failed')
begin
  delete from known_chats
   where instance = new.instance and chat_id = new.chat_id and first_by = 'us' and message_id = new.id;
end;

create table new_chat_limits (
  instance       text primary key,
  per_day        integer,
  warmup_days    integer,
  warmup_from_ms integer not null,
  timezone       text not null,                -- whose midnight begins a day
  changed_at_ms  integer not null
) strict, without rowid;

-- Guests who want no promotion. instance '' means: from none of our numbers.
create table suppressed (
  chat_id  text not null,
  instance text not null default '',
  source   text not null,                      -- guest, operator
  reason   text,
  actor    text not null,
  at_ms    integer not null,
  primary key (chat_id, instance)
) strict, without rowid;

create table suppression_log (
  id       integer primary key,
  at_ms    integer not null,
  chat_id  text not null,
  instance text not null,
  change   text not null,                      -- added, removed, kept
  source   text not null,
  reason   text,
  actor    text not null
) strict;

create index suppression_log_by_chat on suppression_log (chat_id, id);

-- The last guard: whatever path forgets to ask, a guest who said STOP gets no promotion.
create trigger suppressed_guests_get_no_promotion before update of state on messages
 when new.state = 'claimed' and new.class = 'promo' and exists (
   select 1 from suppressed where chat_id = new.chat_id and instance in ('', new.instance))
begin
  select raise(abort, 'this guest wants no promotion');
end;
"""

RESTRICTED_NUMBERS = """
-- GREEN-API docs: after a restriction stop mass sending for days. So a person decides when a campaign goes on.
create trigger campaigns_stop_on_restricted_numbers after update of account on instance_health
 when new.account in ('yellowCard', 'suspended') and new.account <> old.account
begin
  update campaigns set state = 'paused', why = 'number_restricted', state_at_ms = new.since_at_ms
   where instance = new.instance and state in ('starting', 'running');
end;
"""
