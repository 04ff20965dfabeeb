"""Who changed what, and counts for looking at a long queue. Imported only while a store is being migrated."""

AUDIT = """
create table audit (
  id      integer primary key autoincrement,
  at_ms   integer not null,
  actor   text not null,
  action  text not null,                       -- outbox.cancel, instances.resume ...
  subject text not null,                       -- message 12, instance grand-kyiv ...
  before  text,                                -- JSON of what was changed
  after   text
) strict;

create index audit_by_subject on audit (subject, id);

create trigger audit_is_not_rewritten before update on audit
begin
  select raise(abort, 'the audit is append-only');
end;

create trigger audit_is_not_shortened before delete on audit
begin
  select raise(abort, 'the audit is append-only');
end;

-- REPLACE removes a row without asking the trigger above.
create trigger audit_is_not_replaced before insert on audit
 when exists (select 1 from audit where id = new.id)
begin
  select raise(abort, 'the audit is append-only');
end;

-- Without it, removing one old message would read all others to see whether they are a retry of it.
create index messages_retries on messages (retry_of) where retry_of is not null;

-- Why messages wait or ended, counted by triggers like message_counts. Only what stays is counted, and a queued
-- message that simply waits for its turn is not: what passes through on its way out costs next to nothing. (With
-- `in (...)` each trigger would build a small table every time it is asked.)
create table message_reasons (
  instance text not null,
  state    text not null,
  why      text not null,
  messages integer not null,
  primary key (instance, state, why)
) strict, without rowid;

insert into message_reasons (instance, state, why, messages)
select instance, state,
       case when held_reason is not null then 'held' when reason = 'id_conflict' then reason
            else coalesce(cause, reason) end as why,
       count(*)
  from messages where state in ('queued', 'uncertain', 'stalled', 'failed', 'expired', 'cancelled')
   and (state <> 'queued' or held_reason is not null or coalesce(cause, reason) <> 'added')
 group by instance, state, why;

create trigger messages_reasons_added after insert on messages
 when new.held_reason is not null or coalesce(new.cause, new.reason) <> 'added'
begin
  insert into message_reasons (instance, state, why, messages)
  values (new.instance, new.state,
          case when new.held_reason is not null then 'held' else coalesce(new.cause, new.reason) end, 1)
      on conflict do update set messages = messages + 1;
end;

create trigger messages_reasons_moved after update of state, reason, cause, held_reason on messages
 when (old.state <> 'claimed' and old.state <> 'sending' and old.state <> 'accepted' and old.state <> 'delivered'
       and (old.state <> 'queued' or old.held_reason is not null or coalesce(old.cause, old.reason) <> 'added'))
   or (new.state <> 'claimed' and new.state <> 'sending' and new.state <> 'accepted' and new.state <> 'delivered'
       and (new.state <> 'queued' or new.held_reason is not null or coalesce(new.cause, new.reason) <> 'added'))
begin
  -- Of what is not counted there is no row.
  update message_reasons set messages = messages - 1
   where instance = old.instance and state = old.state
     and why = case when old.held_reason is not null then 'held' when old.reason = 'id_conflict' then old.reason
                    else coalesce(old.cause, old.reason) end;
  insert into message_reasons (instance, state, why, messages)
  select new.instance, new.state,
         case when new.held_reason is not null then 'held' when new.reason = 'id_conflict' then new.reason
              else coalesce(new.cause, new.reason) end, 1
   where new.state in ('queued', 'uncertain', 'stalled', 'failed', 'expired', 'cancelled')
     and (new.state <> 'queued' or new.held_reason is not null or coalesce(new.cause, new.reason) <> 'added')
      on conflict do update set messages = messages + 1;
end;

create trigger messages_reasons_removed after delete on messages
 when old.state in ('stalled', 'failed', 'expired', 'cancelled')
begin
  update message_reasons set messages = messages - 1
   where instance = old.instance and state = old.state
     and why = case when old.held_reason is not null then 'held' when old.reason = 'id_conflict' then old.reason
                    else coalesce(old.cause, old.reason) end;
end;
"""
