"""Reports as charts: which figures are drawn, which only stand in the table."""

from collections.abc import Sequence

from flask_babel import gettext, lazy_gettext

from scheduler.planning.reports import LEAD_BANDS, WAIT_BANDS, Attendance, band_ends, share
from scheduler.usecases.reports.attendance import AttendanceReport
from scheduler.usecases.reports.plans import PlanReport
from scheduler.usecases.reports.use import Use, Utilisation
from scheduler.web.charts import Chart, Series
from scheduler.web.formats import day_month, weekday_short

STANDING_WORDS = {
    "on_track": lazy_gettext("On track"),
    "behind": lazy_gettext("Behind"),
    "paused": lazy_gettext("Paused"),
    "finished": lazy_gettext("Finished"),
    "dropped_out": lazy_gettext("Dropped out"),
}


def use_chart(found: Utilisation) -> Chart:
    """Everybody together."""
    return _use("use-all", gettext("Utilisation by week, all together"), found, found.weeks)


def use_charts(found: Utilisation) -> list[Chart]:
    """Each practitioner."""
    return [
        _use(f"use-{one.practitioner_id}", one.practitioner, found, one.weeks) for one in found.practitioners
    ]


def _use(name: str, title: str, found: Utilisation, weeks: Sequence[Use]) -> Chart:
    shares = [share(week.booked_minutes, week.open_minutes) for week in weeks]
    return Chart(
        name=name,
        title=title,
        description=gettext("By week, the share of working hours that is booked, in per cent."),
        head=gettext("Week of"),
        labels=[day_month(monday) for monday in found.mondays],
        beside=[
            Series(gettext("Working hours"), [week.open_minutes / 60 for week in weeks]),
            Series(gettext("Booked hours"), [week.booked_minutes / 60 for week in weeks]),
        ],
        series=[Series(gettext("Booked"), shares, "first", "%")],
        kind="lines",
        most=max([100, *(value for value in shares if value is not None)]),
    )


def attendance_charts(found: AttendanceReport) -> list[Chart]:
    """By weekday, by lead time and by reminder."""
    return [
        _attendance(
            "by-weekday",
            gettext("By weekday"),
            gettext("Weekday"),
            [weekday_short(number) for number in range(7)],
            found.by_weekday,
        ),
        _attendance(
            "by-lead",
            gettext("By days between booking and appointment"),
            gettext("Days"),
            bands(LEAD_BANDS),
            found.by_lead,
        ),
        _attendance(
            "by-reminder",
            gettext("By reminder"),
            gettext("Reminder"),
            [gettext("Sent"), gettext("None sent")],
            [found.with_reminder, found.without_reminder],
        ),
    ]


def _attendance(name: str, title: str, head: str, labels: list[str], groups: Sequence[Attendance]) -> Chart:
    return Chart(
        name=name,
        title=title,
        description=gettext("The share of appointments that were missed or cancelled late, in per cent."),
        head=head,
        labels=labels,
        beside=[
            Series(gettext("All"), [one.total for one in groups]),
            Series(gettext("Missed"), [one.missed for one in groups]),
            Series(gettext("Late"), [one.late for one in groups]),
        ],
        series=[
            Series(gettext("Share missed"), [share(one.missed, one.total) for one in groups], "first", "%"),
            Series(gettext("Share late"), [share(one.late, one.total) for one in groups], "third", "%"),
        ],
    )


def plan_charts(found: PlanReport) -> list[Chart]:
    """How plans stand, and after which session they were dropped."""
    standings = Chart(
        name="standings",
        title=gettext("How the plans stand"),
        description=gettext("How many plans are on track, behind, paused, finished or dropped out."),
        head=gettext("Plans"),
        labels=[str(STANDING_WORDS[code]) for code in found.standings],
        beside=[
            Series(
                gettext("Share"), [share(count, found.total) for count in found.standings.values()], "", "%"
            )
        ],
        series=[Series(gettext("Plans"), list(found.standings.values()), "first")],
    )
    dropped = Chart(
        name="dropped",
        title=gettext("Dropped out after so many sessions"),
        description=gettext("How many plans were ended after how many sessions held."),
        head=gettext("Sessions held"),
        labels=[str(number) for number in range(len(found.dropped_after))],
        series=[Series(gettext("Plans"), found.dropped_after, "third")],
    )
    return [standings] if dropped.is_empty else [standings, dropped]


def wait_chart(found: PlanReport) -> Chart:
    """Days to the first session."""
    return Chart(
        name="waits",
        title=gettext("Days from writing the plan to its first session"),
        description=gettext("How many plans had their first session after how many days."),
        head=gettext("Days"),
        labels=bands(WAIT_BANDS),
        series=[Series(gettext("Plans"), found.waits, "first")],
    )


def bands(firsts: Sequence[int]) -> list[str]:
    """0–1, 2–6, 28+"""
    return [f"{first}–{last}" if last is not None else f"{first}+" for first, last in band_ends(firsts)]
