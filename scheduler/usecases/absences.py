"""When nobody can be booked: a practitioner's time off, a location's closures. Entered in wall-clock times."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, Closure, Location, Practitioner, TimeOff, WorkingHours
from scheduler.models.appointments import INACTIVE
from scheduler.planning.hours import DAY_MINUTES, NonexistentWallTime, resolve_wall_time, start_of_day
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.availability_rows import LONGEST
from scheduler.usecases.clinic import location_named
from scheduler.usecases.lookup import find_in_use

EARLIEST, LATEST = date(1980, 1, 1), date(2199, 12, 31)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class WallTime:
    """A local date, with a minute of day or as a whole day; InvalidInput where it is too far away."""

    on: date
    minute: int | None = None

    def __post_init__(self) -> None:
        if not EARLIEST <= self.on <= LATEST:
            raise InvalidInput("That date is too far away.", field="on")
        if self.minute is not None and not 0 <= self.minute < DAY_MINUTES:
            raise InvalidInput("A time of day is 00:00 to 23:59.", field="minute")


@dataclass(frozen=True, slots=True)
class Absence:
    """What was written: who or which location, [starts_at, ends_at), and the zone it was meant in."""

    name: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    appointments: int
    """Booked for that time and still to come: somebody must move or cancel them."""


@writing
def add_time_off(
    session: Session,
    practitioner_id: int,
    starts: WallTime,
    until: WallTime,
    *,
    reason: str = "",
    location: str | None = None,
    actor: Actor,
    now: datetime,
) -> Absence:
    """Write that a practitioner is away; a whole day in ``until`` is the last one away.

    The times are read in the zone of the location of that name, by default of where the practitioner works. Booked
    appointments stay as they are. Raises NotFound, InvalidInput, or Conflict if it was written before.
    """
    practitioner = find_in_use(session, Practitioner, practitioner_id)
    zone = _zone_of(session, practitioner_id, location)
    starts_at, ends_at = _instants(starts, until, zone)
    lock_resources(session, [("practitioner", practitioner_id)])
    if _is_covered(session, TimeOff, TimeOff.practitioner_id == practitioner_id, starts_at, ends_at):
        raise Conflict("%(name)s is away then already.", name=practitioner.name)
    row = TimeOff(
        practitioner_id=practitioner_id, starts_at=starts_at, ends_at=ends_at, reason=_reason(reason)
    )
    session.add(row)
    session.flush()
    note_deed(
        session,
        actor,
        "time_off_added",
        "practitioner",
        practitioner_id,
        now=now,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    booked = _booked(session, Appointment.practitioner_id == practitioner_id, starts_at, ends_at, now)
    return Absence(practitioner.name, starts_at, ends_at, zone, booked)


@writing
def add_closure(
    session: Session,
    location: str,
    starts: WallTime,
    until: WallTime,
    *,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Absence:
    """Write that the location of that name is closed; a whole day in ``until`` is the last one closed.

    Booked appointments stay as they are. Raises NotFound, InvalidInput, or Conflict if it was written before.
    """
    place = location_named(session, location)
    zone = ZoneInfo(place.zone)
    starts_at, ends_at = _instants(starts, until, zone)
    lock_resources(session, [("location", place.id)])
    if _is_covered(session, Closure, Closure.location_id == place.id, starts_at, ends_at):
        raise Conflict("%(name)s is closed then already.", name=place.name)
    row = Closure(location_id=place.id, starts_at=starts_at, ends_at=ends_at, reason=_reason(reason))
    session.add(row)
    session.flush()
    note_deed(
        session,
        actor,
        "closure_added",
        "location",
        place.id,
        now=now,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    booked = _booked(session, Appointment.location_id == place.id, starts_at, ends_at, now)
    return Absence(place.name, starts_at, ends_at, zone, booked)


def _zone_of(session: Session, practitioner_id: int, location: str | None) -> ZoneInfo:
    """The zone of a location, or the one in which the practitioner works. Raises InvalidInput if there are several."""
    if location is not None:
        return ZoneInfo(location_named(session, location).zone)
    places = select(WorkingHours.location_id).where(WorkingHours.practitioner_id == practitioner_id)
    zones = select(Location.zone).where(Location.archived_at.is_(None)).distinct()
    found = list(session.scalars(zones.where(Location.id.in_(places)))) or list(session.scalars(zones))
    if len(found) != 1:
        raise InvalidInput(
            "Please name the location on whose clock these times are meant: there are several time zones.",
            field="location",
        )
    return ZoneInfo(found[0])


def _instants(starts: WallTime, until: WallTime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) in UTC: the first instant of a repeated start, the last of a repeated end. Or InvalidInput."""
    starts_at = _instants_of(starts, zone)[0]
    is_day = until.minute is None
    ends_at = start_of_day(until.on + timedelta(days=1), zone) if is_day else _instants_of(until, zone)[-1]
    if ends_at <= starts_at:
        raise InvalidInput("The end must be later than the beginning.", field="until")
    return starts_at, ends_at


def _instants_of(wall: WallTime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants of a wall time, or the one at which its day begins."""
    if wall.minute is None:
        return (start_of_day(wall.on, zone),)
    try:
        return resolve_wall_time(wall.on, wall.minute, zone)
    except NonexistentWallTime as gap:
        before, after = gap.alternatives
        raise InvalidInput(
            "The clocks go forward then: %(wall)s does not exist. Take %(before)s or %(after)s.",
            wall=f"{wall.on} {wall.minute // 60:02}:{wall.minute % 60:02}",
            before=f"{before:%H:%M}",
            after=f"{after:%H:%M}",
            field="on",
        ) from None


def _is_covered(
    session: Session,
    model: type[TimeOff] | type[Closure],
    whose: ColumnElement[bool],
    starts_at: datetime,
    ends_at: datetime,
) -> bool:
    """Whether one row holds the whole time already: the same entered twice."""
    holds = select(model.id).where(whose, model.starts_at <= starts_at, model.ends_at >= ends_at)
    return session.scalar(holds.limit(1)) is not None


def _booked(
    session: Session, whose: ColumnElement[bool], starts_at: datetime, ends_at: datetime, now: datetime
) -> int:
    count = select(func.count(Appointment.id)).where(
        whose,
        Appointment.status.not_in(INACTIVE),
        Appointment.starts_at > max(starts_at, now) - LONGEST,
        Appointment.starts_at < ends_at,
        Appointment.ends_at > max(starts_at, now),
    )
    return session.scalar(count) or 0


def _reason(reason: str) -> str:
    clean = " ".join("".join(letter for letter in reason if letter.isprintable()).split())
    if len(clean) > LONGEST_REASON:
        raise InvalidInput("A reason has at most 200 letters.", field="reason")
    return clean
