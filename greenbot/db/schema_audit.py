"""Who changed what, and indexes for working on a long queue. Imported only while a store is being migrated."""

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

-- Why messages stay where they are. What passes through on its way out, or simply waits for its turn, is not in it:
-- counting by triggers would make every message a tenth dearer, this costs a few comparisons.
create index messages_reasoned on messages (instance, state, reason, cause, held_reason)
 where state <> 'claimed' and state <> 'sending' and state <> 'accepted' and state <> 'delivered'
   and (state <> 'queued' or reason <> 'added' or cause is not null or held_reason is not null);
"""
