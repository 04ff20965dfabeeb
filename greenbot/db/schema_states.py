"""What was heard of an instance and is not believed yet, and who said each state. Imported only while a store is
migrated."""

STATES: tuple[str, ...] = (
    "alter table instance_health drop column agreeing",
    "alter table instance_health drop column agreeing_at_ms",
    # A word of GREEN-API that contradicts the state; look or event; since when it is heard.
    "alter table instance_health add column heard text not null default ''",
    "alter table instance_health add column heard_from text not null default ''",
    "alter table instance_health add column heard_at_ms integer not null default 0",
    # Who said the state as it is: look, event, send, person.
    "alter table instance_health add column source text not null default ''",
    "alter table health_log add column source text not null default ''",
    "drop trigger health_log_moves",
    """
    create trigger health_log_moves after update of state, account on instance_health
     when new.state <> old.state or new.account <> old.account
    begin
      insert into health_log (instance, at_ms, from_state, to_state, account, reason, source)
      values (new.instance, case when new.state <> old.state then new.since_at_ms else new.seen_at_ms end,
              old.state, new.state, new.account, new.reason, new.source);
    end
    """,
)
