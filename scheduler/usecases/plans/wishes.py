"""A plan's sessions as the planning floor is asked about them: shared by proposals and repairs."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.models import Appointment
from scheduler.planning.cadence import Window
from scheduler.planning.series import Fixed, WantedSession
from scheduler.planning.timeline import tick_of
from scheduler.usecases.availability.free_time import ticks_of
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.plans.prescribing import PlanView, SessionLine
from scheduler.usecases.wall_clock import today_at

LEEWAY_DAYS = 7
"""How long an overdue session may still be looked for, at least, counted from today."""
FURTHEST_DAYS = 730
"""How far ahead anything is looked for."""


def wanted_session(
    line: SessionLine, previous: SessionLine | None, fixed: Fixed | None, today: date, rest_minutes: int
) -> WantedSession:
    """One session as it is wanted after the one before it.

    One that is overdue and to place may be later than its phase allows.
    """
    kind, phase = line.session.appointment_type, line.session.phase
    max_days = phase.max_days
    if line.appointment is None and previous is not None and previous.held_on is not None:
        overdue = (today - previous.held_on).days
        if overdue > phase.max_days:
            max_days = overdue + max(phase.max_days, LEEWAY_DAYS)
    duration, before, after = ticks_of(kind)
    return WantedSession(
        number=line.session.number,
        appointment_type_id=kind.id,
        duration_ticks=duration,
        min_days=phase.min_days,
        ideal_days=phase.ideal_days,
        max_days=max_days,
        rest_minutes=rest_minutes if kind.is_needling and not _follows_the_assessment(previous) else 0,
        fixed=fixed,
        before_ticks=before,
        after_ticks=after,
    )


def _follows_the_assessment(previous: SessionLine | None) -> bool:
    """Whether nothing was needled before: only a plan's first session came, and that is an assessment."""
    if previous is None:
        return False
    return previous.session.number == 1 and not previous.session.appointment_type.is_needling


def length_of(line: SessionLine) -> timedelta:
    """How long a session is: as its appointment, if it has one, else as its type says."""
    row = line.appointment
    if row is not None:
        return row.ends_at - row.starts_at
    return timedelta(minutes=line.session.appointment_type.duration_minutes)


def slot_of(appointment: Appointment) -> Fixed:
    """Where an appointment stands, on its location's wall clock."""
    wall = appointment.starts_at.astimezone(zone_of(appointment.location))
    return Fixed(
        tick=tick_of(appointment.starts_at),
        day=wall.toordinal(),
        minute=wall.hour * 60 + wall.minute,
        practitioner_id=appointment.practitioner_id,
        location_id=appointment.location_id,
    )


def today_of(session: Session, view: PlanView, now: datetime) -> date:
    """The date where a plan is held: where its latest appointment is, else where it shall be, else at the desk.

    An hour before midnight in Auckland it is a day that has not begun in UTC, and windows are days on that clock.
    """
    booked = [line.appointment for line in view.lines if line.appointment is not None]
    if booked:
        return now.astimezone(zone_of(booked[-1].location)).date()
    return today_at(session, view.plan.preferences.get("location_id"), now)


def window_from(window: Window, today: date) -> Window:
    """The window of a plan's first session to place; an overdue one is looked for from today."""
    if window.latest < today:
        latest = today + timedelta(days=max((window.latest - window.earliest).days, LEEWAY_DAYS))
        return Window(today, today, latest)
    earliest = max(window.earliest, today)
    return Window(earliest, max(window.ideal, earliest), window.latest)
