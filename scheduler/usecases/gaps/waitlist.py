"""The waitlist: who wants a slot that there was not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.models import AppointmentType, Location, Patient, Practitioner, Urgency, WaitlistEntry
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import CLOCK, Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use, still_in_use
from scheduler.usecases.paging import Page, fetch_page

CLOSED_BY_HAND = ("booked", "withdrawn")
OVER = "over"
MOST_PRACTITIONERS = 50
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class EntryWish:
    """What somebody waits for; see WaitlistEntry for what each means. Empty or None: no restriction."""

    appointment_type_id: int
    wanted_from: date
    wanted_until: date
    practitioner_ids: Sequence[int] = ()
    location_id: int | None = None
    weekdays: Sequence[int] = ()
    from_minute: int | None = None
    until_minute: int | None = None
    urgency: str = Urgency.ROUTINE.value
    note: str = ""


@writing
def add_to_waitlist(
    session: Session,
    patient_id: int,
    wish: EntryWish,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> WaitlistEntry:
    """Enter a patient. Raises NotFound, or InvalidInput naming the field."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, WaitlistEntry, known[0])
    patient = find_in_use(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    still_in_use(session, patient)
    entry = WaitlistEntry(patient_id=patient.id, created_at=now, **_checked(session, wish))
    session.add(entry)
    session.flush()
    _note(session, actor, "waitlist_entered", entry, now, wanted=_told(wish))
    remember(session, actor, idempotency, [entry.id], now=now)
    return entry


@writing
def change_entry(
    session: Session, entry_id: int, changes: Mapping[str, Any], *, version: int, actor: Actor, now: datetime
) -> WaitlistEntry:
    """Change what an entry in force wants, by the names of EntryWish. Raises StaleVersion, Conflict, InvalidInput."""
    entry = _for_change(session, entry_id, version)
    before = _wish_of(entry)
    after = EntryWish(**(_values(before) | dict(changes)))
    if after == before:
        return entry
    for name, value in _checked(session, after).items():
        setattr(entry, name, value)
    entry.version += 1
    _note(session, actor, "waitlist_changed", entry, now, before=_told(before), after=_told(after))
    return entry


@writing
def close_entry(
    session: Session, entry_id: int, *, why: str, version: int, actor: Actor, now: datetime
) -> WaitlistEntry:
    """Take an entry off the list: booked or withdrawn. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    if why not in CLOSED_BY_HAND:
        raise InvalidInput("An entry is closed because it is booked or withdrawn.", field="why")
    entry = _for_change(session, entry_id, version)
    settle_entry(session, entry, why, actor, now=now)
    return entry


@writing
def close_over_entries(session: Session, *, now: datetime) -> int:
    """Take off the list what nobody can wait for any more, by the clock of its location (or the latest); how many."""
    zones = {
        number: ZoneInfo(zone) for number, zone in session.execute(select(Location.id, Location.zone)).all()
    }
    latest = min((now.astimezone(zone).date() for zone in zones.values()), default=now.date())
    rows = session.scalars(
        select(WaitlistEntry)
        .where(WaitlistEntry.closed_at.is_(None), WaitlistEntry.wanted_until <= now.date())
        .with_for_update(skip_locked=True)
    ).all()
    over = 0
    for entry in rows:
        place = zones.get(entry.location_id) if entry.location_id is not None else None
        if entry.wanted_until < (now.astimezone(place).date() if place else latest):
            settle_entry(session, entry, OVER, CLOCK, now=now)
            over += 1
    return over


@reading
def get_entry(session: Session, entry_id: int) -> WaitlistEntry:
    """An entry, in force or closed. Raises NotFound."""
    return find(session, WaitlistEntry, entry_id)


@reading
def list_waitlist(
    session: Session,
    *,
    patient_id: int | None = None,
    closed: bool = False,
    page: int = 1,
    page_size: int = 50,
) -> Page[WaitlistEntry]:
    """Entries in force, the most urgent and then the longest waiting first; or closed ones, the last closed first."""
    query = select(WaitlistEntry).options(
        joinedload(WaitlistEntry.patient),
        joinedload(WaitlistEntry.appointment_type),
        joinedload(WaitlistEntry.location),
    )
    if patient_id is not None:
        query = query.where(WaitlistEntry.patient_id == patient_id)
    if closed:
        query = query.where(WaitlistEntry.closed_at.is_not(None))
        query = query.order_by(WaitlistEntry.closed_at.desc(), WaitlistEntry.id.desc())
    else:
        order = {urgency.value: place for place, urgency in enumerate(Urgency)}
        query = query.where(WaitlistEntry.closed_at.is_(None)).order_by(
            case(order, value=WaitlistEntry.urgency), WaitlistEntry.created_at, WaitlistEntry.id
        )
    return fetch_page(session, query, page, page_size)


def settle_entry(session: Session, entry: WaitlistEntry, why: str, actor: Actor, *, now: datetime) -> None:
    """Close an entry within a transaction; one that is closed already stays as it is."""
    if entry.closed_at is None:
        entry.closed_at, entry.closed_why = now, why
        entry.version += 1
        _note(session, actor, "waitlist_closed", entry, now, why=why)


def _for_change(session: Session, entry_id: int, version: int) -> WaitlistEntry:
    find(session, WaitlistEntry, entry_id)
    entry = session.scalars(
        select(WaitlistEntry)
        .where(WaitlistEntry.id == entry_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if entry.version != version:
        raise StaleVersion(current={"id": entry.id, "version": entry.version, "closed_why": entry.closed_why})
    if entry.closed_at is not None:
        raise Conflict("This entry is closed already.")
    return entry


def _checked(session: Session, wish: EntryWish) -> dict[str, Any]:
    """The columns of a wish. Raises InvalidInput naming the field, NotFound."""
    find_in_use(session, AppointmentType, wish.appointment_type_id)
    if wish.location_id is not None:
        find_in_use(session, Location, wish.location_id)
    people = list(dict.fromkeys(wish.practitioner_ids))
    if len(people) > MOST_PRACTITIONERS:
        raise InvalidInput("That are too many practitioners.", field="practitioner_ids")
    for number in people:
        find_in_use(session, Practitioner, number)
    if not all(0 <= day <= 6 for day in wish.weekdays):
        raise InvalidInput("A weekday is a number from 0 (Monday) to 6.", field="weekdays")
    first, until = wish.from_minute, wish.until_minute
    if not 0 <= (first or 0) < (until if until is not None else 1440) <= 1440:
        raise InvalidInput("The times must lie within one day, the first before the last.", field="until")
    if not date(1980, 1, 1) <= wish.wanted_from <= wish.wanted_until <= date(2200, 1, 1):
        raise InvalidInput("The first day must not come after the last.", field="wanted_until")
    if wish.urgency not in set(Urgency):
        raise InvalidInput("The urgency is urgent, soon or routine.", field="urgency")
    note = wish.note.replace("\0", "").strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidInput("A note has at most %(most)s characters.", most=LONGEST_NOTE, field="note")
    return _values(wish) | {
        "practitioner_ids": people,
        "weekdays": sorted(set(wish.weekdays)),
        "urgency": str(wish.urgency),
        "note": note,
    }


def _values(wish: EntryWish) -> dict[str, Any]:
    return asdict(wish)


def _wish_of(entry: WaitlistEntry) -> EntryWish:
    return EntryWish(**{name: getattr(entry, name) for name in EntryWish.__dataclass_fields__})


def _told(wish: EntryWish) -> dict[str, Any]:
    """The wish as JSON values for the trail; a note may hold what the trail should not keep."""
    values = {name: value for name, value in _values(wish).items() if name != "note"}
    return values | {name: values[name].isoformat() for name in ("wanted_from", "wanted_until")}


def _note(
    session: Session, actor: Actor, action: str, entry: WaitlistEntry, now: datetime, **detail: object
) -> None:
    note_deed(
        session, actor, action, "waitlist_entry", entry.id, now=now, patient_id=entry.patient_id, **detail
    )
