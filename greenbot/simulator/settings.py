"""An instance's settings: their defaults, what setSettings accepts, and the reboot it causes.

GREEN-API docs: setSettings reboots the instance, and the change needs a while to be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from greenbot.simulator.replies import validation

if TYPE_CHECKING:
    from greenbot.simulator.world import Instance

YES_NO = (
    "markIncomingMessagesReaded",
    "markIncomingMessagesReadedOnReply",
    "sharedSession",
    "outgoingWebhook",
    "outgoingMessageWebhook",
    "outgoingAPIMessageWebhook",
    "incomingWebhook",
    "incomingMessageStatusWebhook",
    "deviceWebhook",
    "statusInstanceWebhook",
    "stateWebhook",
    "enableMessagesHistory",
    "keepOnlineStatus",
    "pollMessageWebhook",
    "incomingBlockWebhook",
    "incomingCallWebhook",
    "outgoingCallWebhook",
    "editedMessageWebhook",
    "deletedMessageWebhook",
    "catalogWebhook",
    "linkPreview",
    "enableLidMode",
)
TEXTS = ("countryInstance", "typeAccount", "webhookUrl", "webhookUrlToken", "proxyInstance")
MIN_DELAY_MS, MAX_DELAY_MS = 500, 600_000
MAX_AUTO_TYPING = 10
# Both spellings of these are documented as booleans too.
BOOLEAN_TOO = frozenset({"linkPreview", "enableLidMode"})


def default_settings() -> dict[str, object]:
    """The settings of a new instance: every webhook switch is off."""
    settings: dict[str, object] = dict.fromkeys(TEXTS, "")
    settings["proxyInstance"] = "system proxy"
    settings["delaySendMessagesMilliseconds"] = MIN_DELAY_MS
    settings |= dict.fromkeys(YES_NO, "no")
    settings["linkPreview"] = "yes"
    settings["autoTyping"] = 0
    return settings


def accepted(params: Mapping[str, object]) -> dict[str, object]:
    """The changes among the parameters; unknown keys and the read-only `wid` are ignored.

    Raises:
        ApiRefusal: no key at all, or a value of the wrong type or out of range (HTTP 400).
    """
    if not params:
        raise validation("'value' must have at least 1 key")
    changes = {}
    for key, value in params.items():
        check = _CHECKS.get(key)
        if check is not None:
            check(key, value)
            changes[key] = value
    return changes


def _check_yes_no(key: str, value: object) -> None:
    if value not in ("yes", "no") and not (key in BOOLEAN_TOO and isinstance(value, bool)):
        raise validation(f"'{key}' must be one of [yes, no]")


def _check_text(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise validation(f"'{key}' must be a string")


def _check_between(low: int, high: int, key: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise validation(f"'{key}' must be a number")
    if value < low:
        raise validation(f"'{key}' must be greater than or equal to {low}")
    if value > high:
        raise validation(f"'{key}' must be less than or equal to {high}")


_CHECKS: dict[str, Callable[[str, object], None]] = {
    **dict.fromkeys(YES_NO, _check_yes_no),
    **dict.fromkeys(TEXTS, _check_text),
    "delaySendMessagesMilliseconds": partial(_check_between, MIN_DELAY_MS, MAX_DELAY_MS),
    "autoTyping": partial(_check_between, 0, MAX_AUTO_TYPING),
}


def apply_later(instance: Instance, changes: dict[str, object]) -> None:
    """Reboot now; the new values are seen after the world's `settings_apply_seconds`."""
    world = instance.world
    world.clock.call_later(world.timings.settings_apply_seconds, partial(apply, instance, changes))
    reboot(instance)


def apply(instance: Instance, changes: dict[str, object]) -> None:
    """Put new values into force at once, without a reboot."""
    instance.settings |= changes
    instance.notifications.settings_changed()
    instance.send_queue.wake()


def reboot(instance: Instance) -> None:
    """Go to `starting` and come back after `reboot_seconds`, an instance without a phone included.

    A restricted instance comes back authorized and is restricted again when it sends.
    """
    back = "authorized" if instance.state in ("suspended", "yellowCard") else instance.state
    if instance.reboot_timer is None or instance.state != "starting":
        instance.state_after_reboot = "authorized" if back == "starting" else back
    if instance.reboot_timer is not None:
        instance.reboot_timer.cancel()
    instance.change_state("starting")
    seconds = instance.world.timings.reboot_seconds
    instance.reboot_timer = instance.world.clock.call_later(seconds, partial(_come_back, instance))


def _come_back(instance: Instance) -> None:
    instance.reboot_timer = None
    instance.change_state(instance.state_after_reboot)
