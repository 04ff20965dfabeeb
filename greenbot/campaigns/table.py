"""Campaigns in the store: SQL next to the functions that run it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from greenbot.campaigns.campaign import READY, Campaign, GuestRow, Standing, Tally
from greenbot.campaigns.newchats import NewChatLimit, allowance, limit_of
from greenbot.campaigns.plan import Around, Plan
from greenbot.campaigns.reader import Reader
from greenbot.clock import Clock
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

#: Rows written or changed in one transaction: short enough that others barely wait.
BATCH = 200

INSERT = """
insert into campaigns (name, instance, class, policy, source, template, timezone, quiet, spacing_from_ms,
                       spacing_to_ms, max_per_day, abort_above, expire_ms, seed, state_at_ms, created_at_ms)
values (:name, :instance, :class, :policy, :source, :template, :timezone, :quiet, :spacing_from,
        :spacing_to, :max_per_day, :abort_above, :expire, :seed, :now, :now)
"""
INSERT_ROW = """
insert into campaign_rows (campaign_id, number, line, chat_id, timezone, text, status, problem)
values (:campaign, :number, :line, :chat_id, :timezone, :text, :status, :problem)
"""
BY_NAME = "select * from campaigns where name = :name"
BY_ID = "select * from campaigns where id = :id"
LISTED = "select * from campaigns where (:instance is null or instance = :instance) order by id desc limit :most"
COUNTS = "select status, guests from campaign_counts where campaign_id = :id and guests > 0 order by status"
MOVE = """
update campaigns set state = :state, why = :why, state_at_ms = :now, started_at_ms = coalesce(started_at_ms, :started),
                     begin_at_ms = coalesce(begin_at_ms, :begin)
 where id = :id and state = :before
"""
PAGE = """
select * from campaign_rows
 where campaign_id = :id and number > :after and (:status is null or status = :status) order by number limit :most
"""
KNOWN_CHATS = """
select chat_id from known_chats where instance = :instance and chat_id > :after order by chat_id limit :most
"""
SUPPRESSED = "select chat_id from suppressed where instance in ('', :instance)"


def save(db: "Db", plan: Plan, clock: Clock) -> Campaign:
    """Keep a plan. A list is one transaction, so a plan is there whole or not at all.

    Raises `UsageError` when its name is taken, Busy, StoreFull, StoreError.
    """
    rules = plan.rules
    with db.write() as tx:
        if tx.one(BY_NAME, name=plan.wanted.name) is not None:
            raise UsageError(
                f"There is a campaign {safe_text(plan.wanted.name, limit=60)} already.", hint="Choose another --name."
            )
        campaign_id = tx.insert(
            INSERT,
            name=plan.wanted.name,
            instance=rules.instance,
            **{"class": rules.message_class},
            policy=rules.policy,
            source=plan.wanted.source,
            template=plan.wanted.template,
            timezone=rules.timezone,
            quiet=str(rules.quiet) if rules.quiet is not None else None,
            spacing_from=rules.spacing_ms[0],
            spacing_to=rules.spacing_ms[1],
            max_per_day=rules.max_per_day,
            abort_above=rules.abort_above,
            expire=rules.expire_ms,
            seed=rules.seed,
            now=clock.now_ms(),
        )
        for row in plan.rows:
            _insert_row(tx, campaign_id, row)
    return by_id(db, campaign_id)


def _insert_row(tx: "Tx", campaign_id: int, row: GuestRow) -> None:
    tx.insert(
        INSERT_ROW,
        campaign=campaign_id,
        number=row.number,
        line=row.line,
        chat_id=row.chat_id,
        timezone=row.timezone,
        text=row.text,
        status=row.status,
        problem=row.problem,
    )


def free_name(db: "Db", wished: str) -> str:
    """The name itself, or the first of name-2, name-3 ... that no campaign has."""
    name, number = wished, 1
    while db.one(BY_NAME, name=name) is not None:
        number += 1
        name = f"{wished}-{number}"
    return name


def by_name(db: "Db", name: str) -> Campaign:
    """The campaign of that name, or with that number. Raises `NotFound`."""
    row = db.one(BY_NAME, name=name)
    if row is None and name.isdecimal() and len(name) < 19:
        row = db.one(BY_ID, id=int(name))
    if row is None:
        raise NotFound(
            f"There is no campaign {safe_text(name, limit=60)}.", hint="See them with: greenbot campaign status"
        )
    return Campaign.from_row(row)


def by_id(reader: Reader, campaign_id: int) -> Campaign:
    """The campaign with that id. Raises `NotFound`."""
    found = find(reader, campaign_id)
    if found is None:
        raise NotFound(f"There is no campaign {campaign_id}.", hint="See them with: greenbot campaign status")
    return found


def find(reader: Reader, campaign_id: int) -> Campaign | None:
    """The campaign with that id, or None."""
    row = reader.one(BY_ID, id=campaign_id)
    return None if row is None else Campaign.from_row(row)


def listed(db: "Db", *, instance: str | None = None, most: int = 200) -> list[Campaign]:
    """Campaigns, the newest first."""
    return [Campaign.from_row(row) for row in db.all(LISTED, instance=instance, most=most)]


def tally(reader: Reader, campaign_id: int) -> Tally:
    """How many guests are where; costs the same for ten guests and a hundred thousand."""
    return Tally(by_status={row["status"]: row["guests"] for row in reader.all(COUNTS, id=campaign_id)})


def move(
    tx: "Tx",
    campaign: Campaign,
    state: Standing,
    by: Operator,
    *,
    verb: str,
    why: str | None = None,
    begin_ms: int | None = None,
) -> bool:
    """One move of a campaign, if nobody moved it since it was read, with its line in the audit.

    The first start is remembered. `verb` is what somebody did: start, pause, resume ...
    """
    now = by.clock.now_ms()
    moved = tx.run(
        MOVE,
        id=campaign.id,
        before=campaign.state,
        state=state,
        why=why,
        now=now,
        started=now if state is Standing.STARTING else None,
        begin=begin_ms,
    )
    if moved:
        before, after = {"state": campaign.state}, {"state": state, "why": why}
        note(tx, by, action=f"campaign.{verb}", subject=f"campaign {campaign.name}", before=before, after=after)
    return moved == 1


def rows_of(db: "Db", campaign_id: int, *, status: str | None = None) -> Iterator[GuestRow]:
    """Every guest in the order of the file, page by page."""
    after = 0
    while page := _page(db, campaign_id, status, after):
        yield from (GuestRow.from_row(row) for row in page)
        after = page[-1]["number"]


def _page(db: "Db", campaign_id: int, status: str | None, after: int) -> "list[Row]":
    return db.all(PAGE, id=campaign_id, status=status, after=after, most=1000)


def ready_rows(tx: "Tx", campaign_id: int, *, most: int) -> list[GuestRow]:
    """Guests that have no message yet, in the order of the file."""
    return [GuestRow.from_row(row) for row in tx.all(PAGE, id=campaign_id, status=READY, after=0, most=most)]


def around(db: "Db", instance: str, now_ms: int, *, with_lists: bool = True) -> Around:
    """What a plan for this number has to respect; without its lists only what limits new chats."""
    limit = limit_of(db, instance) or NewChatLimit()
    suppressed = db.all(SUPPRESSED, instance=instance) if with_lists else []
    return Around(
        suppressed=frozenset(row["chat_id"] for row in suppressed),
        known_chats=frozenset(_known_chats(db, instance)) if with_lists else frozenset(),
        new_chats=limit.for_pace(),
        new_today=allowance(db, instance, now_ms).used,
    )


def _known_chats(db: "Db", instance: str) -> Iterator[str]:
    after = ""
    while page := db.all(KNOWN_CHATS, instance=instance, after=after, most=5000):
        yield from (row["chat_id"] for row in page)
        after = page[-1]["chat_id"]
