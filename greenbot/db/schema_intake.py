"""Indexes of the inbox that cost a fresh event less. Imported only while a store is migrated.

A digest is random, so an index that begins with it has every event on a page of its own, which is written once for
the event and once more by a checkpoint. The moment GREEN-API puts into a body is a part of the same bytes: the same
body has the same moment and the same digest, and what comes now goes into the pages that are being written anyway.
And only an event that holds its chat back has to be found by its chat: one being worked on, or tried again later.
"""

INTAKE = """
drop index events_digest;
create unique index events_digest on events (coalesce(at_ms, 0), digest, instance);

drop trigger events_raw_stays;
create trigger events_raw_stays before update of instance, source, received_at_ms, digest, at_ms, raw on events
begin
  select raise(abort, 'what was received is not changed');
end;

drop index events_line;
create index events_held on events (instance, chat_id, id)
 where state in ('stored', 'processing') and (state = 'processing' or next_at_ms > 0);
"""
