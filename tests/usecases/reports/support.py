"""Two weeks of March, and what happened in them."""

from datetime import date, datetime
from typing import Any

from scheduler.models import Appointment, Location, TreatmentPlan
from scheduler.usecases.appointments.changing import change_status
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.reports.attendance import AttendanceReport, report_attendance
from scheduler.usecases.reports.period import Period
from scheduler.usecases.reports.plans import PlanReport, report_plans
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at, save

MARCH = Period(date(2026, 3, 2), date(2026, 3, 15))
LATER = at(20)
SERIES = PhaseWish(3, 2, 2, 4)


def make_place(zone: str = "Europe/Berlin") -> int:
    place = Location(name="Nord", zone=zone)
    save(place)
    return place.id


def attendance(period: Period = MARCH, now: datetime = LATER) -> AttendanceReport:
    return report_attendance(period, now=now)


def plans(period: Period = MARCH, now: datetime = NOW) -> PlanReport:
    return report_plans(period, today=now.date(), now=now)


def prescribe(world: World, **changes: Any) -> TreatmentPlan:
    asked: dict[str, Any] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": date(2026, 3, 3),
        "phases": [SERIES],
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return prescribe_plan(**asked | changes)


def place(plan: TreatmentPlan, *starts: datetime) -> list[Appointment]:
    slots = [
        ChosenSlot(number, start, plan.practitioner_id, 1) for number, start in enumerate(starts, start=1)
    ]
    return place_plan(plan.id, sessions=slots, actor=RECEPTIONIST, now=NOW)


def hold(appointment: Appointment) -> None:
    change_status(
        appointment.id,
        version=appointment.version,
        status="completed",
        actor=RECEPTIONIST,
        now=appointment.ends_at,
    )
