"""Figures about the clinic, out."""

from typing import Any

from marshmallow import fields

from scheduler.api.answers import picked
from scheduler.api.fields import Day, Input, QueryNumber
from scheduler.api.schemas.common import Output, day, many, part, parts, text, whole
from scheduler.planning.reports import LEAD_BANDS, WAIT_BANDS, Attendance, band_ends
from scheduler.usecases.reports.attendance import AttendanceReport
from scheduler.usecases.reports.plans import PlanReport
from scheduler.usecases.reports.use import Use, Utilisation


class PeriodQuery(Input):
    """Which local dates, both included, at most a year; at one location or at all."""

    from_ = Day(data_key="from", required=True)
    to = Day(required=True)
    location_id = QueryNumber(load_default=None)


class UseSchema(Output):
    """Minutes of work, less closures and absences, and minutes of them that patients had."""

    open_minutes = whole()
    booked_minutes = whole()


class PractitionerUseSchema(Output):
    """A practitioner, week by week as in mondays."""

    practitioner_id = whole()
    practitioner = text()
    weeks = parts(UseSchema)


class UtilisationSchema(Output):
    """How much of the working time was booked; who neither worked nor had a patient is left out."""

    mondays = many(day())
    practitioners = parts(PractitionerUseSchema)


class AttendanceSchema(Output):
    """What became of appointments that were to take place."""

    kept = whole()
    missed = whole("Without a word.")
    late = whole("Cancelled with less notice than the clinic asks for.")


class LeadSchema(AttendanceSchema):
    """The same by days from booking to appointment."""

    from_days = whole()
    to_days = whole("Null: and more.", none=True)


class AttendanceReportSchema(Output):
    """What became of the appointments of a period that are over."""

    notice_hours = whole("A cancellation is late when it comes less than so long before the start.")
    unmarked = whole("Over, but nobody said what became of them: not counted.")
    by_weekday = parts(AttendanceSchema, "Monday first.")
    by_lead = parts(LeadSchema)
    with_reminder = part(AttendanceSchema)
    without_reminder = part(AttendanceSchema)


class StandingsSchema(Output):
    """How many plans stand how."""

    on_track = whole()
    behind = whole()
    paused = whole()
    finished = whole()
    dropped_out = whole()


class WaitSchema(Output):
    """Plans by days from being written to their first session."""

    from_days = whole()
    to_days = whole("Null: and more.", none=True)
    plans = whole()


class PlanReportSchema(Output):
    """Plans that begin in a period."""

    standings = part(StandingsSchema)
    dropped_after = many(whole(), "How many plans ended after so many sessions held, from 0 on.")
    waits = parts(WaitSchema)
    median_wait_days = fields.Float(required=True, allow_none=True)
    without_first = whole("Plans that had no session yet, and have none booked.")


def utilisation_json(found: Utilisation) -> dict[str, Any]:
    """Utilisation."""
    return {
        "mondays": [monday.isoformat() for monday in found.mondays],
        "practitioners": [
            {**picked(one, "practitioner_id", "practitioner"), "weeks": [_use(week) for week in one.weeks]}
            for one in found.practitioners
        ],
    }


def attendance_json(found: AttendanceReport) -> dict[str, Any]:
    """Attendance."""
    bands = zip(_bands(LEAD_BANDS), found.by_lead, strict=True)
    return {
        **picked(found, "notice_hours", "unmarked"),
        "by_weekday": [_attendance(one) for one in found.by_weekday],
        "by_lead": [{**band, **_attendance(one)} for band, one in bands],
        "with_reminder": _attendance(found.with_reminder),
        "without_reminder": _attendance(found.without_reminder),
    }


def plans_json(found: PlanReport) -> dict[str, Any]:
    """Plans."""
    bands = zip(_bands(WAIT_BANDS), found.waits, strict=True)
    return {
        **picked(found, "standings", "dropped_after", "without_first"),
        "waits": [{**band, "plans": plans} for band, plans in bands],
        "median_wait_days": found.median_wait,
    }


def _use(one: Use) -> dict[str, Any]:
    return {**picked(one, "open_minutes", "booked_minutes")}


def _attendance(one: Attendance) -> dict[str, Any]:
    return {**picked(one, "kept", "missed", "late")}


def _bands(firsts: tuple[int, ...]) -> list[dict[str, int | None]]:
    return [{"from_days": first, "to_days": last} for first, last in band_ends(firsts)]
