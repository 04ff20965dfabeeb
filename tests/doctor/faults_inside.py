"""Faults of the store, the queue, the alerts, the log and the service."""

from tests.doctor.planting import (
    Planted,
    configured,
    log_without_rotation,
    network_disk,
    redactor_that_lets_through,
    service_not_installed,
    sql,
    without,
)

OLD_MESSAGE = """
insert into messages (instance, chat_id, kind, method, draft, fingerprint, payload_digest, created_at_ms, state_at_ms)
values ('{instance}', 'x@c.us', 'text', 'sendMessage', '{{}}', 'x', 'x', :old, :old)
"""
GO = "update messages set state = '{to}', epoch = epoch + 1, reason = '{why}' where chat_id = 'x@c.us'"
NO_MESSAGE = """
update messages set state = 'queued', epoch = epoch + 1, reason = 'operator'
 where chat_id = 'x@c.us' and state = 'uncertain' ;;
update messages set state = 'queued', epoch = epoch + 1, reason = 'owner_dead'
 where chat_id = 'x@c.us' and state = 'claimed' ;;
update messages set state = 'cancelled', epoch = epoch + 1, reason = 'operator'
 where chat_id = 'x@c.us' and state = 'queued' ;;
delete from messages where chat_id = 'x@c.us'
"""
#: An instance that the service does not serve, so that nothing moves what was planted.
STRANGER = OLD_MESSAGE.format(instance="odesa")
DEAD_EVENT = """
insert into events (instance, received_at_ms, digest, state_at_ms, state, reason, raw)
values ('kyiv', :old, x'00', :old, 'quarantined', 'unreadable', x'00')
"""
RULES_ON = "update alert_rules set enabled = 1"

UNCERTAIN = " ;; ".join(
    (
        STRANGER,
        GO.format(to="claimed", why="claim"),
        GO.format(to="sending", why="post"),
        GO.format(to="uncertain", why="ambiguous"),
        "update messages set uncertain_since_ms = :old where state = 'uncertain'",
    )
)
HELD = f"{STRANGER} ;; update messages set held_reason = 'restored' where chat_id = 'x@c.us'"
FORCED = """
insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms) values ('odesa', 'api', 'x', 1, 1) ;;
update breakers set state = 'forced_open', epoch = 1, reason = 'operator' where instance = 'odesa'
"""
HOOK_OFF = """
insert into hooks (name, kind, target, events, enabled, disabled_reason, created_at_ms, changed_at_ms)
values ('crm', 'url', 'https://crm.example/in', '[]', 0, 'the receiver answered 410 Gone', 1, 1)
"""
OLD_BACKUP = """
drop trigger audit_is_not_rewritten ;; update audit set at_ms = :old where action = 'db.backup'
"""
NEW_BACKUP = """
update audit set at_ms = :now where action = 'db.backup' ;;
create trigger audit_is_not_rewritten before update on audit
begin
  select raise(abort, 'the audit is append-only');
end
"""
SILENCE = """
insert into silences (begins_at_ms, until_at_ms, author, comment, created_at_ms)
values (1, :now * 2, 'ira', 'night', 1)
"""
NIGHT = "update alert_rules set receivers = '[\"night\"]' where name = 'high_error_rate'"
HANGING = "insert into metric_beats (part, owner, at_ms) values ('butler', 'x', :now - 60000)"

INSIDE = [  # store and disk
    Planted(
        name="a backup of last month",
        plant=sql(OLD_BACKUP, NEW_BACKUP),
        check="store.backup",
        state="fault",
        fix="greenbot db backup",
    ),
    Planted(
        name="a store on a network disk", plant=network_disk, check="disk.local", state="fault", fix="GREENBOT_HOME"
    ),
    # queue
    Planted(
        name="a message that does not leave",
        plant=sql(STRANGER, NO_MESSAGE),
        check="queue.moving",
        state="fault",
        fix="greenbot outbox list --instance odesa",
    ),
    Planted(
        name="a message of unknown fate",
        plant=sql(UNCERTAIN, NO_MESSAGE),
        check="queue.doubts",
        state="warning",
        fix="greenbot outbox reconcile",
    ),
    Planted(
        name="a paused number",
        plant=sql("insert into pauses (instance, since_at_ms, actor) values ('odesa', 1, 'ira')", "delete from pauses"),
        check="queue.stopped",
        state="warning",
        fix="greenbot outbox resume --instance odesa",
    ),
    Planted(
        name="messages held since a restore",
        plant=sql(HELD, NO_MESSAGE),
        check="queue.stopped",
        state="warning",
        fix="greenbot outbox list --reason restored",
    ),
    Planted(
        name="a forced breaker",
        plant=sql(FORCED, "delete from breakers where instance = 'odesa'"),
        check="queue.breakers",
        state="fault",
        fix="greenbot instances breaker odesa",
    ),
    Planted(
        name="an event that could not be read",
        plant=sql(DEAD_EVENT, "delete from events where digest = x'00'"),
        check="events.worked",
        state="warning",
        fix="greenbot events list --state quarantined",
    ),
    Planted(
        name="a hook that was switched off",
        plant=sql(HOOK_OFF, "delete from hooks where name = 'crm'"),
        check="hooks.delivered",
        state="warning",
        fix="greenbot hooks show crm",
    ),
    # alerts
    Planted(
        name="all rules disabled",
        plant=sql("update alert_rules set enabled = 0", RULES_ON),
        check="alerts.rules",
        state="fault",
        fix="greenbot alerts enable",
    ),
    Planted(
        name="nobody to tell",
        plant=sql("update receivers set enabled = 0", "update receivers set enabled = 1"),
        check="alerts.receivers",
        state="fault",
        fix="greenbot alerts receivers add",
    ),
    Planted(
        name="a rule for a receiver there is not",
        plant=sql(NIGHT, "update alert_rules set receivers = '[]'"),
        check="alerts.receivers",
        state="fault",
        fix="night",
    ),
    Planted(
        name="a way that was never drilled",
        plant=sql("update receivers set proved_at_ms = null", "update receivers set proved_at_ms = :now"),
        check="alerts.drilled",
        state="warning",
        fix="greenbot alerts drill --receiver ops",
    ),
    Planted(
        name="everything silenced",
        plant=sql(SILENCE, "delete from silences"),
        check="alerts.silence",
        state="warning",
        fix="greenbot alerts silence list",
    ),
    Planted(
        name="no sign of life to outside",
        plant=without("secrets/heartbeat-url"),
        check="alerts.heartbeat",
        state="warning",
        fix="greenbot help alerts",
    ),
    # log and service
    Planted(
        name="no log at all",
        plant=configured("[log]", 'to = "none"'),
        check="log.kept",
        state="warning",
        fix="greenbot config set log.to file",
    ),
    Planted(
        name="a log that is not put aside", plant=log_without_rotation, check="log.rotation", state="fault", fix="ls -l"
    ),
    Planted(
        name="logs larger than the disk",
        plant=configured("[log]", "max_mb = 10000", "keep = 10000"),
        check="log.rotation",
        state="warning",
        fix="greenbot config set log.keep",
    ),
    Planted(
        name="a redactor that lets secrets through",
        plant=redactor_that_lets_through,
        check="log.redaction",
        state="fault",
        fix="greenbot config set log.to none",
    ),
    Planted(
        name="guests' texts in the log",
        plant=configured("[log]", "request_body = true"),
        check="log.privacy",
        state="warning",
        fix="greenbot config set log.request_body false",
    ),
    Planted(
        name="guests' numbers in the log",
        plant=configured("[log]", "phones = true"),
        check="log.privacy",
        state="warning",
        fix="greenbot config set log.phones false",
    ),
    Planted(
        name="a service nobody installed",
        plant=service_not_installed,
        check="service.installed",
        state="warning",
        fix="greenbot service install",
    ),
    Planted(
        name="a part that hangs",
        plant=sql(HANGING, "delete from metric_beats where part = 'butler'"),
        check="service.parts",
        state="fault",
        fix="greenbot logs --match butler",
    ),
]
