"""What a booking must respect: rules of the clinic that a person may set aside, and bookings that nobody may."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, NeedsOverride, NotAllowed, SlotHeld, SlotTaken
from scheduler.models import Appointment, AppointmentType, Clinic, Location
from scheduler.models.appointments import INACTIVE, NOT_BOOKED
from scheduler.models.staff import Role
from scheduler.planning.timeline import TICK_MINUTES, Horizon, span, tick_of
from scheduler.usecases.actors import Actor
from scheduler.usecases.availability.free_time import Desk
from scheduler.usecases.availability.rows import LONGEST

LONGEST_MINUTES = 480
EVERYBODY = frozenset(Role)
DESK = frozenset({Role.ADMIN, Role.RECEPTION})


ALL_OPEN: Mapping[int, int] = {}


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a booking is refused at first, and who may set that aside by giving a reason."""

    sentence: str
    may_override: frozenset[Role]


RULES: dict[str, Rule] = {
    "in_the_past": Rule(_("This time has passed."), EVERYBODY),
    "outside_hours": Rule(_("The practitioner does not work there at that time."), EVERYBODY),
    "closed": Rule(_("The location or the room is closed at that time."), EVERYBODY),
    "away": Rule(_("The practitioner is away at that time."), EVERYBODY),
    "rest": Rule(_("It is too soon before or after another needling session of this patient."), EVERYBODY),
    "credential": Rule(_("The practitioner has no valid credential for this on that day."), DESK),
}
"""In the order in which a person should hear of them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An appointment that somebody wants; instants in UTC."""

    patient_id: int
    practitioner_id: int
    location_id: int
    zone: ZoneInfo
    kind: AppointmentType
    starts_at: datetime
    minutes: int | None = None
    """Instead of the type's own duration."""
    room_id: int | None = None
    """A room that is asked for by name; without one, a free one is chosen."""

    @property
    def ends_at(self) -> datetime:
        """The end, exclusive."""
        return self.starts_at + timedelta(minutes=self.minutes or self.kind.duration_minutes)

    @property
    def busy_from(self) -> datetime:
        """From when practitioner and room are taken."""
        return self.starts_at - timedelta(minutes=self.kind.buffer_before_minutes)

    @property
    def busy_until(self) -> datetime:
        """Until when practitioner and room are taken, exclusive."""
        return self.ends_at + timedelta(minutes=self.kind.buffer_after_minutes)

    @property
    def wall_minute(self) -> int:
        """Minutes on the location's wall clock since the year 1: the difference of two ignores clock changes."""
        wall = self.starts_at.astimezone(self.zone)
        return wall.toordinal() * 1440 + wall.hour * 60 + wall.minute


def checked_start(starts_at: datetime) -> datetime:
    """The start, if an appointment can begin then at all; raises InvalidInput."""
    if starts_at.tzinfo is None:
        raise InvalidInput("A start needs a time zone, such as 2026-03-02T09:00:00Z.", field="starts_at")
    if starts_at.second or starts_at.microsecond or starts_at.minute % TICK_MINUTES:
        raise InvalidInput("Appointments start on a multiple of 5 minutes.", field="starts_at")
    if not 1980 <= starts_at.year < 2200:
        raise InvalidInput("That date is too far away.", field="starts_at")
    return starts_at


def checked_minutes(kind: AppointmentType, minutes: int | None) -> int | None:
    """A duration of one's own, if the type allows it; None where it is the type's. Raises InvalidInput."""
    if minutes is None or minutes == kind.duration_minutes:
        return None
    if not kind.may_resize:
        raise InvalidInput(
            "%(name)s always lasts %(minutes)s minutes.",
            name=kind.name,
            minutes=kind.duration_minutes,
            field="minutes",
        )
    if minutes % TICK_MINUTES or not TICK_MINUTES <= minutes <= LONGEST_MINUTES:
        raise InvalidInput("An appointment lasts 5 to 480 minutes, in steps of 5.", field="minutes")
    return minutes


def broken_rules(
    wish: Wish,
    working: Sequence[Desk],
    horizon: Horizon,
    needling: Sequence[int],
    rest_minutes: int,
    *,
    shut_rooms: Mapping[int, int] = ALL_OPEN,
    now: datetime,
) -> list[str]:
    """Codes of RULES that a wish breaks.

    ``working`` holds the practitioner's desk there over a horizon that covers its day; ``needling`` are the wall
    minutes of the patient's other needling sessions, between whose starts ``rest_minutes`` must lie; ``shut_rooms``
    are the ticks at which rooms that are asked for by name are out of use.
    """
    need = ticks_between(horizon, wish.starts_at, wish.ends_at)
    place = (wish.practitioner_id, wish.location_id)
    here = next(desk for desk in working if (desk.practitioner_id, desk.location_id) == place)
    broken = set()
    if wish.starts_at < now:
        broken.add("in_the_past")
    if need & ~here.hours:
        broken.add("outside_hours")
    if need & here.closed or room_shut(wish, horizon, shut_rooms):
        broken.add("closed")
    if need & here.away:
        broken.add("away")
    credential = wish.kind.needs_credential
    if credential is not None and need & ~here.credentials.get(credential, 0):
        broken.add("credential")
    if wish.kind.is_needling and any(abs(wish.wall_minute - other) < rest_minutes for other in needling):
        broken.add("rest")
    return [code for code in RULES if code in broken]


def room_shut(wish: Wish, horizon: Horizon, shut_rooms: Mapping[int, int]) -> bool:
    """Whether the room that is asked for is out of use at some time that it would be taken, buffers included."""
    shut = shut_rooms.get(wish.room_id, 0) if wish.room_id is not None else 0
    return bool(shut and shut & ticks_between(horizon, wish.busy_from, wish.busy_until))


def settle_rules(broken: Collection[str], override_reason: str | None, actor: Actor) -> list[str]:
    """The rules that are set aside, for keeping with the row.

    Raises NeedsOverride when rules are broken and no reason is given, NotAllowed when the actor's role may not.
    """
    if not broken:
        return []
    if not (override_reason or "").strip():
        reasons = " ".join(RULES[code].sentence for code in broken)
        raise NeedsOverride(reasons=reasons, rules=list(broken))
    for code in broken:
        if actor.role not in RULES[code].may_override:
            raise NotAllowed("Your role may not set this aside: %(rule)s", rule=RULES[code].sentence)
    return list(broken)


def other_needling(
    session: Session, wishes: Sequence[Wish], rest_minutes: int, *, leave_out: Collection[int] = ()
) -> list[int]:
    """Wall minutes of the patient's stored needling sessions near any of the wishes (all of one patient)."""
    reach = timedelta(minutes=rest_minutes, days=1)
    first = min(wish.starts_at for wish in wishes) - reach
    last = max(wish.starts_at for wish in wishes) + reach
    return needling_between(session, wishes[0].patient_id, first, last, leave_out=leave_out)


def needling_between(
    session: Session, patient_id: int, first: datetime, last: datetime, *, leave_out: Collection[int] = ()
) -> list[int]:
    """Wall minutes of a patient's stored needling sessions that start in [first, last], in UTC."""
    rows = session.execute(_needling(), {"patient": patient_id, "first": first, "last": last})
    walls = [
        starts_at.astimezone(ZoneInfo(zone)) for number, starts_at, zone in rows if number not in leave_out
    ]
    return [wall.toordinal() * 1440 + wall.hour * 60 + wall.minute for wall in walls]


@lru_cache(maxsize=1)
def _needling() -> Any:
    """Made once: putting a statement together takes longer than running it."""
    return (
        select(Appointment.id, Appointment.starts_at, Location.zone)
        .join(Location, Location.id == Appointment.location_id)
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .where(
            Appointment.patient_id == bindparam("patient"),
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at.between(bindparam("first"), bindparam("last")),
            AppointmentType.is_needling,
        )
    )


def refuse_if_busy(
    session: Session, wish: Wish, room_id: int | None, *, leave_out: Collection[int] = ()
) -> None:
    """Raise SlotTaken naming everything that is busy then; the database would refuse too, but names only one."""
    buffered = and_(Appointment.busy_from < wish.busy_until, Appointment.busy_until > wish.busy_from)
    exact = and_(Appointment.starts_at < wish.ends_at, Appointment.ends_at > wish.starts_at)
    rows = session.execute(
        select(
            Appointment.id,
            Appointment.practitioner_id,
            Appointment.room_id,
            Appointment.patient_id,
            Appointment.hold_id,
        ).where(
            Appointment.status.not_in(INACTIVE),
            Appointment.starts_at > wish.busy_from - LONGEST,
            Appointment.starts_at < wish.busy_until + LONGEST,
            or_(
                and_(Appointment.practitioner_id == wish.practitioner_id, buffered),
                and_(Appointment.room_id == room_id, buffered),
                and_(Appointment.patient_id == wish.patient_id, exact),
            ),
        )
    ).all()
    others = [row for row in rows if row.id not in leave_out]
    busy = {
        "practitioner": any(row.practitioner_id == wish.practitioner_id for row in others),
        "room": room_id is not None and any(row.room_id == room_id for row in others),
        "patient": any(row.patient_id == wish.patient_id for row in others),
    }
    named = [name for name, taken in busy.items() if taken]
    if named and all(row.hold_id for row in others):
        raise SlotHeld(busy=" and the ".join(named), resources=named)
    if named:
        raise SlotTaken(busy=" and the ".join(named), resources=named)


def rest_minutes_of(session: Session) -> int:
    """The clinic's minimum rest between needling sessions."""
    # Held on to, as a session forgets what nobody holds, and would read the clinic again for every question.
    clinic = session.info["clinic"] = session.get(Clinic, 1)
    return (clinic.min_rest_hours if clinic is not None else 48) * 60


def ticks_between(horizon: Horizon, start: datetime, end: datetime) -> int:
    """The ticks of [start, end), which must lie on ticks of the horizon."""
    return span(horizon.index(tick_of(start)), horizon.index(tick_of(end)))
