"""The simulated world: instances, their phones, chats, groups and guests, as plain mutable data.

Everything a test may want to look at or turn is an attribute here; behaviour lives in the modules beside.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from greenbot.simulator import events
from greenbot.simulator.clock import SimClock, Timer
from greenbot.simulator.context import RequestContext
from greenbot.simulator.faults import FaultBook
from greenbot.simulator.journal import Journal, JournalMessage
from greenbot.simulator.ledger import Ledger
from greenbot.simulator.limits import RateLimiter
from greenbot.simulator.notifications import NotificationQueue
from greenbot.simulator.records import Chat, Group, GuestMessage, StateChange, Status, Upload
from greenbot.simulator.sendqueue import SendQueue
from greenbot.simulator.settings import default_settings

__all__ = [
    "Chat",
    "Group",
    "GuestMessage",
    "Instance",
    "JournalMessage",
    "Knobs",
    "RequestContext",
    "StateChange",
    "Status",
    "Timings",
    "Upload",
    "World",
]

# yellowCard is the name of suspended before July 2026; both are served.
RESTRICTED = frozenset({"suspended", "yellowCard"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long things take in the simulated world, in simulated seconds.

    The two queue counters are renewed every `counter_refresh` (GREEN-API: 10; 0 means always exact).
    `queue_delay` replaces delaySendMessagesMilliseconds for every instance when it is not None, which
    load tests need. `journal_lag` is the default of `Knobs.journal_lag`.
    """

    reboot_seconds: float = 20.0
    settings_apply_seconds: float = 2.0
    creation_seconds: float = 120.0
    send_to_sent: float = 0.4
    sent_to_delivered: float = 0.6
    delivered_to_read: float = 1.5
    journal_lag: float = 0.0
    webhook_timeout: float = 180.0
    webhook_pause: float = 60.0
    retention: float = 86_400.0
    qr_lifetime: float = 20.0
    counter_refresh: float = 0.0
    suspension_seconds: float = 86_400.0
    queue_delay: float | None = None


@dataclass(slots=True, kw_only=True)
class Knobs:
    """What a test may turn on one instance while it runs.

    `journal_lag` seconds (None: the world's timing), `journal_omission_rate` and `lose_accepted_rate`
    (accepted with an id, never sent) are probabilities from 0 to 1. `large_group_limit` makes sends to
    bigger groups fail with SWE004. `urls_too_big` are file URLs answered as larger than 100 MB.
    """

    journal_lag: float | None = None
    journal_omission_rate: float = 0.0
    journal_failed: bool = False
    hide_queue_head: bool = True
    guests_without_whatsapp: set[str] = field(default_factory=set)
    guests_read: bool = True
    stuck_queue: bool = False
    lose_accepted_rate: float = 0.0
    suspended_drop_rate: float = 1.0
    large_group_limit: int | None = None
    urls_too_big: set[str] = field(default_factory=set)
    cyrillic_count: bool = False
    enforce_limits: bool = True
    passkey_required: bool = False
    check_timeout: bool = False
    business_account: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class Instance:
    """One WhatsApp number at GREEN-API, with everything its phone and the service know about it."""

    world: World
    id: int
    token: str
    phone: str
    state: str
    tariff: str
    name: str = ""
    previous_tokens: list[str] = field(default_factory=list)
    state_history: list[StateChange] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=default_settings)
    knobs: Knobs = field(default_factory=Knobs)
    chats: dict[str, Chat] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    lids: dict[str, str] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    calls: list[dict[str, object]] = field(default_factory=list)
    products: dict[str, dict[str, object]] = field(default_factory=dict)
    collections: dict[str, dict[str, object]] = field(default_factory=dict)
    orders: dict[str, dict[str, object]] = field(default_factory=dict)
    recordings: dict[str, dict[str, object]] = field(default_factory=dict)
    checked_numbers: set[str] = field(default_factory=set)
    statuses: list[Status] = field(default_factory=list)
    inbox: list[GuestMessage] = field(default_factory=list)
    received: dict[str, GuestMessage] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    usage: Counter[str] = field(default_factory=Counter)
    correspondents: set[str] = field(default_factory=set)
    usage_month: tuple[int, int] = (0, 0)
    avatar_url: str = ""
    last_webhook_clear_at: float | None = None
    created_at: float = 0.0
    ready_at: float = 0.0
    expired: bool = False
    deleted_at: float | None = None
    suspended_until: float | None = None
    reboot_timer: Timer | None = None
    state_after_reboot: str = "authorized"
    limiter: RateLimiter = field(init=False)
    send_queue: SendQueue = field(init=False)
    notifications: NotificationQueue = field(init=False)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.world.clock)
        self.send_queue = SendQueue(self)
        self.notifications = NotificationQueue(self)

    @property
    def wid(self) -> str:
        """The linked account's chat id; "" while no phone is linked."""
        return "" if self.state == "notAuthorized" else self.phone

    @property
    def messages(self) -> list[JournalMessage]:
        """Every message, oldest first, whether or not the journal methods show it."""
        return self.journal.messages

    def chat(self, chat_id: str) -> Chat:
        """The chat's record, created on first use."""
        known = self.chats.get(chat_id)
        if known is None:
            known = self.chats[chat_id] = Chat(chat_id=chat_id)
        return known

    def touch_chat(self, chat_id: str, *, replied: bool = False, unread: int = 0) -> Chat:
        """Move a chat to the top; answering marks it read when the settings say so."""
        chat = self.chat(chat_id)
        chat.last_activity = self.world.clock.now()
        chat.unread_count += unread
        if replied and self.settings.get("markIncomingMessagesReadedOnReply") == "yes":
            chat.unread_count = 0
        return chat

    def deliver_to_guest(self, message: JournalMessage) -> GuestMessage:
        """Put a message into the guest's inbox and return what the guest's phone now holds."""
        received = GuestMessage(
            at=self.world.clock.now(),
            instance=self.id,
            chat_id=message.chat_id,
            id_message=message.id_message,
            type_message=message.type_message,
            text=message.text,
            content=message.content,
        )
        self.inbox.append(received)
        self.received[message.id_message] = received
        return received

    def chat_name(self, chat_id: str) -> str:
        """What the phone calls a chat: the group's subject or the guest's name, "" when unknown."""
        group = self.groups.get(chat_id)
        if group is not None:
            return group.subject
        chat = self.chats.get(chat_id)
        return "" if chat is None else chat.contact_name or chat.name

    def shown_chat_id(self, chat_id: str) -> str:
        """The id webhooks and journals print for a chat: its lid once the chat was switched to one."""
        return self.lids.get(chat_id, chat_id)

    def real_chat_id(self, chat_id: str) -> str:
        """The chat behind an id: a known lid is turned back into the chat it stands for."""
        if not chat_id.endswith("@lid"):
            return chat_id
        return next((real for real, lid in self.lids.items() if lid == chat_id), chat_id)

    def new_message_id(self, prefix: str = "BAE5") -> str:
        """A fresh message id; API messages start with BAE5, a phone's with 3EB0."""
        return f"{prefix}{self.world.rng.getrandbits(48):012X}"

    def change_state(self, state: str) -> None:
        """Go to a state, record it, tell the webhooks and let the send queue react."""
        if state == self.state:
            return
        self.state = state
        self.remember_state()
        now = self.world.clock.now()
        self.emit("stateInstanceChanged", events.state_changed(self, now, state))
        self.send_queue.wake()

    def remember_state(self) -> None:
        """Append the present state to the history."""
        digits = self.phone.partition("@")[0]
        phone = int(digits) if digits.isdigit() else 0
        self.state_history.append(StateChange(state=self.state, at=self.world.clock.now(), phone=phone))

    def emit(self, type_webhook: str, body: dict[str, object]) -> None:
        """Hand a complete webhook body to the notifications if the settings switch its type on."""
        if events.is_switched_on(self.settings, body):
            self.notifications.offer(body)

    def tell_status(self, message: JournalMessage, value: str, description: str | None = None) -> None:
        """Emit outgoingMessageStatus; built only when somebody wants it, because load tests send millions."""
        if not events.is_switched_on(self.settings, {"typeWebhook": "outgoingMessageStatus", "status": value}):
            return
        body = events.outgoing_status(
            self,
            self.world.clock.now(),
            chat_id=self.shown_chat_id(message.chat_id),
            id_message=message.id_message,
            value=value,
            send_by_api=message.send_by_api,
            description=description,
        )
        self.emit("outgoingMessageStatus", body)


class World:
    """All simulated instances with their shared clock, randomness, ledger and faults.

    Equal seeds and equal requests give equal ids, omissions and faults.
    """

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        seed: int = 1,
        timings: Timings | None = None,
        partner_tokens: set[str] | None = None,
    ) -> None:
        self.clock = clock or SimClock()
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311 - reproducible runs, not secrets
        self.timings = timings or Timings()
        self.ledger = Ledger()
        self.instances: dict[int, Instance] = {}
        self.partner_tokens: set[str] = partner_tokens or set()
        self.files: dict[str, Upload] = {}
        self.base_url = ""
        self.media_url = ""
        # A stream of its own: adding a fault must not change the message ids of a run.
        self.faults = FaultBook(random.Random(f"faults {seed}"))  # noqa: S311 - reproducible runs, not secrets

    def add_instance(
        self,
        *,
        id_instance: int,
        token: str,
        wid: str = "11001234567@c.us",
        state: str = "authorized",
        tariff: str = "business",
        name: str = "",
    ) -> Instance:
        """Create an instance (tariff `business` or `developer`) and its queues; raises ValueError if taken."""
        if id_instance in self.instances:
            raise ValueError(f"instance {id_instance} exists already")
        instance = Instance(
            world=self,
            id=id_instance,
            token=token,
            phone=wid,
            state=state,
            tariff=tariff,
            name=name,
            created_at=self.clock.now(),
        )
        instance.remember_state()
        self.instances[id_instance] = instance
        return instance

    def set_state(self, instance: Instance, state: str) -> None:
        """Put an instance into a state from outside, cancelling a reboot that would end in another."""
        if instance.reboot_timer is not None:
            instance.reboot_timer.cancel()
            instance.reboot_timer = None
        if state in RESTRICTED:
            instance.suspended_until = self.clock.now() + self.timings.suspension_seconds
        instance.change_state(state)

    def inbox(self, *, instance: int | None = None, chat_id: str | None = None) -> list[GuestMessage]:
        """What guests received, oldest first, of one instance or all, in one chat or all."""
        chosen = self.instances.values() if instance is None else [self.instances[instance]]
        found = [message for each in chosen for message in each.inbox if chat_id in (None, message.chat_id)]
        return sorted(found, key=lambda message: message.at)

    def reset(self) -> None:
        """Forget instances, files and the ledger and start the randomness again; clock and faults stay."""
        for instance in self.instances.values():
            instance.send_queue.clear()
            if instance.reboot_timer is not None:
                instance.reboot_timer.cancel()
        self.instances.clear()
        self.files.clear()
        self.ledger.clear()
        self.rng.seed(self.seed)
