"""Reports: utilisation, attendance, plans and the time to the first session, as charts, tables and files."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.planning.reports import LEAD_BANDS, WAIT_BANDS, Attendance, share
from scheduler.usecases.clinic.locations import list_all_locations
from scheduler.usecases.imports.tables import harmless
from scheduler.usecases.reports.attendance import report_attendance
from scheduler.usecases.reports.period import Period, monday_of, note_report_export
from scheduler.usecases.reports.plans import report_plans
from scheduler.usecases.reports.use import report_utilisation
from scheduler.web import report_charts as charts
from scheduler.web.formats import local
from scheduler.web.wall_times import day_or
from scheduler.web.words import WORDS

pages = Blueprint("reports", __name__, url_prefix="/reports")
USUAL_WEEKS = 12
Row = Sequence[object]


@pages.get("")
@guard("reports.read")
def show() -> str | tuple[str, int]:
    """All reports of a period; a period that makes no sense gets a sentence, and is kept in the form."""
    now, period = clock.now(), _period()
    try:
        found = _all(period, now)
    except SchedulerError as error:
        page = _page(period, sentence=say(error))
        return page, problem_of(error).status
    return _page(period, **found)


def _page(period: Period, **found: Any) -> str:
    return render_template("reports/show.html", period=period, places=list_all_locations(), **found)


def _all(period: Period, now: datetime) -> dict[str, Any]:
    use = report_utilisation(period)
    attendance = report_attendance(period, now=now)
    plans = report_plans(period, today=local(now).date(), now=now)
    return {
        "use": use,
        "use_chart": charts.use_chart(use),
        "use_charts": charts.use_charts(use),
        "attendance": attendance,
        "attendance_charts": charts.attendance_charts(attendance),
        "plans": plans,
        "plan_charts": charts.plan_charts(plans),
        "wait_chart": charts.wait_chart(plans),
    }


@pages.get("/<name>.csv")
@guard("reports.read")
def download(name: str) -> Response:
    """One report as a file for spreadsheets; the trail notes who took it out."""
    if name not in FILES:
        abort(404)
    now, period = clock.now(), _period()
    rows = list(FILES[name](period, now))
    note_report_export(name, period, actor=current_actor(), now=now)
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_cell(value) for value in row] for row in rows)
    # The mark lets spreadsheets see that it is UTF-8.
    response = Response("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    filename = f"{name}-{period.from_on.isoformat()}-{period.to_on.isoformat()}.csv"
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else harmless(str(value))


def _period() -> Period:
    """The period of the address; without one the last twelve weeks."""
    today = local(clock.now()).date()
    usual = monday_of(today) - timedelta(weeks=USUAL_WEEKS - 1)
    return Period(
        from_on=day_or(request.args.get("from"), usual),
        to_on=day_or(request.args.get("to"), today),
        location_id=request.args.get("location_id", type=int),
    )


def _utilisation_rows(period: Period, _now: datetime) -> Iterator[Row]:
    yield (
        gettext("Practitioner"),
        gettext("Week of"),
        gettext("Working minutes"),
        gettext("Booked minutes"),
        gettext("Booked, per cent"),
    )
    found = report_utilisation(period)
    for one in found.practitioners:
        for monday, week in zip(found.mondays, one.weeks, strict=True):
            shared = share(week.booked_minutes, week.open_minutes)
            yield one.practitioner, monday, week.open_minutes, week.booked_minutes, shared


def _attendance_rows(period: Period, now: datetime) -> Iterator[Row]:
    yield (
        gettext("By"),
        gettext("Group"),
        gettext("Attended"),
        gettext("Missed"),
        gettext("Cancelled late"),
        gettext("Missed, per cent"),
        gettext("Cancelled late, per cent"),
    )
    found = report_attendance(period, now=now)
    weekdays = list(WORDS["weekday"].values())
    yield from _groups(gettext("Weekday"), weekdays, found.by_weekday)
    yield from _groups(gettext("Days before"), charts.bands(LEAD_BANDS), found.by_lead)
    reminders = [gettext("Sent"), gettext("None sent")]
    yield from _groups(gettext("Reminder"), reminders, [found.with_reminder, found.without_reminder])


def _groups(what: str, names: Sequence[object], groups: Sequence[Attendance]) -> Iterator[Row]:
    for name, one in zip(names, groups, strict=True):
        shares = (share(one.missed, one.total), share(one.late, one.total))
        yield what, name, one.kept, one.missed, one.late, *shares


def _plan_rows(period: Period, now: datetime) -> Iterator[Row]:
    yield gettext("Standing"), gettext("Sessions held"), gettext("Plans")
    found = report_plans(period, today=local(now).date(), now=now)
    for code, count in found.standings.items():
        yield charts.STANDING_WORDS[code], None, count
    for held, count in enumerate(found.dropped_after):
        yield charts.STANDING_WORDS["dropped_out"], held, count


def _wait_rows(period: Period, now: datetime) -> Iterator[Row]:
    yield gettext("Days"), gettext("Plans")
    found = report_plans(period, today=local(now).date(), now=now)
    yield from zip(charts.bands(WAIT_BANDS), found.waits, strict=True)
    yield gettext("no first session"), found.without_first


FILES: dict[str, Callable[[Period, datetime], Iterator[Row]]] = {
    "utilisation": _utilisation_rows,
    "attendance": _attendance_rows,
    "plans": _plan_rows,
    "first-session": _wait_rows,
}
"""Name of the file -> its rows, the first being the heads."""
