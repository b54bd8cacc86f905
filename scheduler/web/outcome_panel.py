"""Outcomes as a patient's page shows them: a chart of each measure with its table, and whether the course helps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import LazyString, format_decimal, gettext
from flask_babel import lazy_gettext as _l

from scheduler.models import Measure, Outcome, TreatmentPlan
from scheduler.usecases.outcomes.courses import (
    SESSIONS_BEFORE_REVIEW,
    NoBetter,
    ReviewPoints,
    plans_no_better,
    review_points,
)
from scheduler.usecases.outcomes.values import SMALLEST_CHANGE, list_outcomes
from scheduler.usecases.patient_side.check_in import plans_that_ask
from scheduler.web.charts import Band, Chart, Mark, Series
from scheduler.web.formats import day, day_month, plain_date

MEASURES: Mapping[str, LazyString] = {
    Measure.NPRS: _l("Pain, 0 to 10"),
    Measure.HEADACHE_DAYS: _l("Headache days in 4 weeks"),
    Measure.HIT6: _l("HIT-6, 36 to 78"),
    Measure.NDI: _l("Neck Disability Index, per cent"),
    Measure.ROTATION: _l("Neck rotation, degrees"),
}
MOST: Mapping[str, float] = {Measure.NPRS: 10, Measure.HEADACHE_DAYS: 28, Measure.HIT6: 78, Measure.NDI: 100}
"""Where an axis ends."""
SHOWN = 24
"""So many values of a measure are drawn, the latest ones."""


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One measure of a patient."""

    measure: str
    chart: Chart
    hint: str
    """What the band means."""
    next_review_on: date | None


@dataclass(frozen=True, slots=True)
class OutcomePanel:
    """All measures of which there is a value, and the plans that do not help so far."""

    views: Sequence[MeasureView]
    no_better: Sequence[NoBetter]
    measures: Mapping[str, LazyString]
    plans: Sequence[TreatmentPlan]
    """Active ones, for which a questionnaire may be asked."""
    sessions: int = SESSIONS_BEFORE_REVIEW


def outcome_panel(patient_id: int, *, today: date) -> OutcomePanel:
    """What there is of a patient; four queries."""
    rows, points = list_outcomes(patient_id), review_points(patient_id)
    views = [
        _view(measure, found, points, today)
        for measure in MEASURES
        if (found := [row for row in rows if row.measure == measure])
    ]
    return OutcomePanel(views, plans_no_better(patient_id=patient_id), MEASURES, plans_that_ask(patient_id))


def _view(
    measure: str, rows: Sequence[Outcome], points: Mapping[int, ReviewPoints], today: date
) -> MeasureView:
    first = next(row for row in rows if row.plan_id == rows[-1].plan_id)
    shown = rows[-SHOWN:]
    label = str(MEASURES[measure])
    bands, hint = _bands(measure, rows, shown)
    sources = {"patient": gettext("patient"), "clinic": gettext("clinic"), "import": gettext("import")}
    marks = _marks(shown, points)
    told = gettext(
        "Review points: %(days)s.",
        days=", ".join(f"{day(shown[one.at].measured_on)} ({one.label})" for one in marks),
    )
    ahead = [on for found in points.values() for on in found.review_on if on >= today]
    return MeasureView(
        measure=measure,
        chart=Chart(
            name=f"outcome-{measure.replace('_', '-')}",
            title=label,
            description=gettext(
                "%(count)s values from %(first)s to %(last)s: first %(begin)s, latest %(end)s.",
                count=len(rows),
                first=day(first.measured_on),
                last=day(rows[-1].measured_on),
                begin=first.value,
                end=rows[-1].value,
            )
            + (" " + told if marks else ""),
            head=gettext("Day"),
            labels=[day_month(row.measured_on) for row in shown],
            names=[plain_date(row.measured_on) for row in shown],
            series=[Series(gettext("Value"), [row.value for row in shown], "first")],
            notes=[sources[row.source] for row in shown],
            notes_head=gettext("Said by"),
            last_first=True,
            kind="lines",
            most=MOST.get(measure),
            bands=bands,
            breaks=[begin for begin, _ in _courses(shown)],
            marks=marks,
        ),
        hint=hint,
        next_review_on=min(ahead, default=None),
    )


def _courses(rows: Sequence[Outcome]) -> list[tuple[int, int]]:
    """The stretches [begin, end) of values that belong to one plan; those of none go with what was before."""
    begins, known = [0], rows[0].plan_id
    for at, row in enumerate(rows):
        if row.plan_id is not None and row.plan_id != known:
            if known is not None:
                begins.append(at)
            known = row.plan_id
    return list(zip(begins, [*begins[1:], len(rows)], strict=True))


def _bands(measure: str, rows: Sequence[Outcome], shown: Sequence[Outcome]) -> tuple[list[Band], str]:
    """Of each plan, the values that differ from its first one by less than matters; and what that means."""
    change, several = SMALLEST_CHANGE.get(measure), len(_courses(shown)) > 1
    if measure != Measure.HEADACHE_DAYS and change is None:
        return [], ""
    if change is None:
        hint = gettext("Band: more than half of the first value is left. Half of it or less is a response.")
    elif several:
        hint = gettext(
            "Band: within %(change)s of each plan's first value, too little to matter.",
            change=format_decimal(change),
        )
    else:
        hint = gettext(
            "Band: within %(change)s of the first value, too little to matter.", change=format_decimal(change)
        )
    bands = []
    for begin, end in _courses(shown):
        plan_id = next((row.plan_id for row in shown[begin:end] if row.plan_id is not None), None)
        first = next(row.value for row in rows if plan_id in (None, row.plan_id))
        low, high = (first / 2, first) if change is None else (first - change, first + change)
        if low < high:
            bands.append(Band(low, high, hint, begin, end))
    return bands, hint if bands else ""


def _marks(rows: Sequence[Outcome], points: Mapping[int, ReviewPoints]) -> list[Mark]:
    """Review points of the plan that the band is about: the first value after the fourth session and after each review.

    Earlier plans have theirs behind them: lines for all of them would tell nothing apart.
    """
    marks: dict[int, str] = {}
    plan_id = next((row.plan_id for row in reversed(rows) if row.plan_id is not None), None)
    for found in [points[plan_id]] if plan_id in points else []:
        days = [(on, gettext("review")) for on in found.review_on]
        if found.fourth_on is not None:
            days.append((found.fourth_on, gettext("after %(count)s sessions", count=SESSIONS_BEFORE_REVIEW)))
        for on, label in days:
            later = (at for at, row in enumerate(rows) if row.measured_on > on)
            at = next(later, None)
            if at is not None and rows[0].measured_on <= on:
                marks.setdefault(at, label)
    return [Mark(at, label) for at, label in sorted(marks.items())]
