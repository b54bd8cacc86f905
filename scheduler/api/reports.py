"""Reports: how the time is used, who comes, how plans stand."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer
from scheduler.api.routes import Routes
from scheduler.api.schemas import reports as schemas
from scheduler.api.today import today_at_desk
from scheduler.usecases.reports.attendance import report_attendance
from scheduler.usecases.reports.period import Period, note_report_export
from scheduler.usecases.reports.plans import report_plans
from scheduler.usecases.reports.use import report_utilisation

routes = Routes("reports", "Figures about the clinic; taking them out is noted in the audit trail.")


@routes.get("/reports/utilisation")
@guard("reports.read")
@routes.arguments(schemas.PeriodQuery(), location="query")
@routes.response(200, schemas.UtilisationSchema)
def utilisation(query: dict[str, Any]) -> Response:
    """How much of the working time was booked, by practitioner and week

    Appointments count without their buffers; work outside the hours can make it more than all of it.
    """
    period = _period(query)
    found = report_utilisation(period)
    return _noted("utilisation", period, schemas.utilisation_json(found))


@routes.get("/reports/attendance")
@guard("reports.read")
@routes.arguments(schemas.PeriodQuery(), location="query")
@routes.response(200, schemas.AttendanceReportSchema)
def attendance(query: dict[str, Any]) -> Response:
    """Who did not come or cancelled late, by weekday, by how long before it was booked, and by reminder

    Cancellations in time are not counted, nor are those for the clinic's own reasons.
    """
    period = _period(query)
    found = report_attendance(period, now=clock.now())
    return _noted("attendance", period, schemas.attendance_json(found))


@routes.get("/reports/plans")
@guard("reports.read")
@routes.arguments(schemas.PeriodQuery(), location="query")
@routes.response(200, schemas.PlanReportSchema)
def plans(query: dict[str, Any]) -> Response:
    """How the plans that begin in a period stand, and how long their first session took"""
    period, now = _period(query), clock.now()
    found = report_plans(period, today=today_at_desk(now), now=now)
    return _noted("plans", period, schemas.plans_json(found))


def _period(query: dict[str, Any]) -> Period:
    return Period(query["from_"], query["to"], query["location_id"])


def _noted(report: str, period: Period, payload: dict[str, Any]) -> Response:
    note_report_export(report, period, actor=current_actor(), now=clock.now())
    return answer(payload)
