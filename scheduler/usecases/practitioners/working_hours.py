"""Working hours as blocks: one week's pattern at one location, from a day on, every n-th week.

The past stays as it was: hours that already hold are cut off the day before their change, and new rows go on from
there in the same rhythm. What is booked stays booked; what the new hours would no longer cover is told beforehand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, Location, Practitioner, WorkingHours
from scheduler.planning.hours import WeeklyHours
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.edits import refuse_stale, stamp_of
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use
from scheduler.usecases.practitioners.adding import DayHours, checked_hours
from scheduler.usecases.practitioners.hours_blocks import (
    Displaced,
    HoursBlock,
    WouldDisplace,
    as_displaced,
    find_displaced,
    in_rhythm,
    meet,
    rule_of,
    token_of,
)
from scheduler.usecases.wall_clock import LATEST, refuse_far_away

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A practitioner's blocks, the present and coming ones before those that are over, and a stamp of them all."""

    practitioner: Practitioner
    blocks: list[HoursBlock]
    seen: str


@dataclass(frozen=True, slots=True)
class _Change:
    """Rows that stay, that end on a day, that go, and the block that comes."""

    kept: list[WorkingHours]
    ended: list[tuple[WorkingHours, date]]
    gone: list[WorkingHours]
    block: HoursBlock | None = None


@reading
def read_hours(session: Session, practitioner_id: int, *, today: date) -> Hours:
    """The blocks of a practitioner. Raises NotFound."""
    practitioner = find(session, Practitioner, practitioner_id)
    rows = _rows(session, practitioner_id)
    blocks = sorted(_blocks(rows), key=lambda block: (_is_over(block, today), block.valid_from))
    return Hours(practitioner, blocks, stamp_of(*rows))


@writing
def set_hours(
    session: Session,
    practitioner_id: int,
    block: HoursBlock,
    *,
    replaces: str | None = None,
    seen: str,
    confirmed: str = "",
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> list[Displaced]:
    """Write a new block, or put one in the place of the block with the key ``replaces`` from its valid_from on.

    Returns the booked appointments that fall outside now. Raises NotFound, StaleVersion, InvalidInput naming the
    field, and WouldDisplace unless ``confirmed`` is the token of exactly what would fall outside.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return [as_displaced(find(session, Appointment, number)) for number in known]
    find_in_use(session, Practitioner, practitioner_id)
    lock_resources(session, [("practitioner", practitioner_id)])
    rows = _rows(session, practitioner_id)
    refuse_stale(seen, stamp_of(*rows))
    place = find_in_use(session, Location, block.location_id)
    today = now.astimezone(ZoneInfo(place.zone)).date()
    _check_dates(block)
    checked = replace(block, days=tuple(checked_hours(block.days, block.every_n_weeks)))
    change = _split(rows, replaces, checked, today)
    displaced = _apply(session, practitioner_id, rows, change, confirmed, actor=actor, now=now)
    remember(session, actor, idempotency, [item.appointment_id for item in displaced], now=now)
    return displaced


@writing
def end_hours(
    session: Session,
    practitioner_id: int,
    key: str,
    last_on: date,
    *,
    seen: str,
    confirmed: str = "",
    actor: Actor,
    now: datetime,
) -> list[Displaced]:
    """Let a block end after a day, or take it away where it would not have begun by then. Raises as set_hours does."""
    find_in_use(session, Practitioner, practitioner_id)
    lock_resources(session, [("practitioner", practitioner_id)])
    rows = _rows(session, practitioner_id)
    refuse_stale(seen, stamp_of(*rows))
    theirs = [row for row in rows if _block_key(row) == key]
    if not theirs:
        raise InvalidInput("These hours are no longer there.", field="last_on")
    today = now.astimezone(ZoneInfo(session.get_one(Location, theirs[0].location_id).zone)).date()
    if last_on < today - DAY and theirs[0].valid_from <= today:
        raise InvalidInput("Hours that already held can end yesterday at the earliest.", field="last_on")
    if theirs[0].valid_until is not None and last_on > theirs[0].valid_until:
        raise InvalidInput("They end before that day already.", field="last_on")
    begun = theirs[0].valid_from <= last_on
    change = _Change(
        kept=[row for row in rows if row not in theirs],
        ended=[(row, last_on) for row in theirs] if begun else [],
        gone=[] if begun else theirs,
    )
    return _apply(session, practitioner_id, rows, change, confirmed, actor=actor, now=now)


def _apply(
    session: Session,
    practitioner_id: int,
    rows: list[WorkingHours],
    change: _Change,
    confirmed: str,
    *,
    actor: Actor,
    now: datetime,
) -> list[Displaced]:
    """Write a change, unless somebody should hear first of what would fall outside."""
    block = change.block
    fresh = _new_rows(practitioner_id, block) if block else []
    others = [(row.location_id, rule_of(row)) for row in change.kept]
    others += [(row.location_id, replace(rule_of(row), valid_until=last)) for row, last in change.ended]
    _refuse_overlaps(session, fresh, others)
    before = [(row.location_id, rule_of(row)) for row in rows]
    after = others + [(row.location_id, rule_of(row)) for row in fresh]
    displaced = find_displaced(session, practitioner_id, before, after, now)
    if displaced and confirmed != token_of(displaced):
        raise WouldDisplace(displaced)
    for row, last in change.ended:
        row.valid_until = last
    for row in change.gone:
        session.delete(row)
    session.add_all(fresh)
    stamp_diaries(session)
    note_deed(
        session,
        actor,
        "hours_changed",
        "practitioner",
        practitioner_id,
        now=now,
        location_id=block.location_id if block else None,
        valid_from=str(block.valid_from) if block else None,
        ended=len(change.ended),
        removed=len(change.gone),
        added=len(fresh),
        displaced=[item.appointment_id for item in displaced],
    )
    return displaced


def _rows(session: Session, practitioner_id: int) -> list[WorkingHours]:
    query = select(WorkingHours).where(WorkingHours.practitioner_id == practitioner_id)
    ordered = query.order_by(WorkingHours.weekday, WorkingHours.starts_minute, WorkingHours.id)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def _blocks(rows: Iterable[WorkingHours]) -> list[HoursBlock]:
    found: dict[str, HoursBlock] = {}
    for row in rows:
        day = DayHours(row.weekday, row.starts_minute, row.ends_minute)
        empty = HoursBlock(row.location_id, (), row.valid_from, row.valid_until, row.every_n_weeks)
        block = found.get(empty.key, empty)
        found[empty.key] = replace(block, days=(*block.days, day))
    return list(found.values())


def _block_key(row: WorkingHours) -> str:
    return HoursBlock(row.location_id, (), row.valid_from, row.valid_until, row.every_n_weeks).key


def _is_over(block: HoursBlock, today: date) -> bool:
    return block.valid_until is not None and block.valid_until < today


def _check_dates(block: HoursBlock) -> None:
    refuse_far_away(block.valid_from, field="valid_from")
    if block.valid_until is not None and not block.valid_from <= block.valid_until <= LATEST:
        raise InvalidInput("The last day cannot be before the first.", field="valid_until")


def _split(rows: list[WorkingHours], replaces: str | None, block: HoursBlock, today: date) -> _Change:
    """What becomes of the rows when a block is written, in the place of the one with that key if there is one."""
    theirs = [row for row in rows if _block_key(row) == replaces]
    if replaces and not theirs:
        raise InvalidInput("These hours are no longer there.", field="valid_from")
    kept = [row for row in rows if row not in theirs]
    if not theirs:
        return _Change(kept, [], [], block)
    old = theirs[0]
    if old.valid_from < today and block.valid_from < today:
        raise InvalidInput(
            "Hours that already hold can change from today on at the earliest; what was stays as it was.",
            field="valid_from",
        )
    if old.valid_until is not None and old.valid_until < block.valid_from:
        raise InvalidInput("These hours end before that day. Add new hours instead.", field="valid_from")
    if old.valid_from >= block.valid_from:
        return _Change(kept, [], theirs, block)
    ended = [(row, block.valid_from - DAY) for row in theirs]
    if old.every_n_weeks == block.every_n_weeks:
        # Every second week goes on to be the same one, whatever week the change falls into.
        block = replace(block, valid_from=in_rhythm(old.valid_from, old.every_n_weeks, block.valid_from))
        _check_dates(block)
    return _Change(kept, ended, [], block)


def _new_rows(practitioner_id: int, block: HoursBlock) -> list[WorkingHours]:
    return [
        WorkingHours(
            practitioner_id=practitioner_id,
            location_id=block.location_id,
            weekday=day.weekday,
            starts_minute=day.starts_minute,
            ends_minute=day.ends_minute,
            valid_from=block.valid_from,
            valid_until=block.valid_until,
            every_n_weeks=block.every_n_weeks,
        )
        for day in block.days
    ]


def _refuse_overlaps(
    session: Session, fresh: list[WorkingHours], others: list[tuple[int, WeeklyHours]]
) -> None:
    """Nobody works twice at one time: raise InvalidInput that says where else."""
    for row, (location_id, other) in product(fresh, others):
        if meet(rule_of(row), other):
            place = session.get_one(Location, location_id)
            raise InvalidInput(
                "They work at %(place)s already at %(at)s on that weekday. Change or end those hours first.",
                place=place.name,
                at=f"{other.starts_minute // 60:02}:{other.starts_minute % 60:02}",
                field=f"hours_{row.weekday}",
            )
