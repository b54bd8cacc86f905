"""How patients are, and the address of their own page."""

from typing import Any

from scheduler.api.answers import picked, utc
from scheduler.api.fields import Choice, Day, Input, Number, Paging
from scheduler.api.schemas.common import Output, day, instant, page_of, text, whole
from scheduler.models import Measure, Outcome, Questionnaire

MEASURE = {
    "description": "nprs: pain 0 to 10; headache_days: in 4 weeks, 0 to 28; hit6: 36 to 78; ndi: per cent; rotation: "
    "of the neck, degrees."
}


class OutcomesQuery(Paging):
    """Which values."""

    measure = Choice(Measure, load_default=None)


class NewOutcome(Input):
    """A value to keep."""

    measure = Choice(Measure, required=True, metadata=MEASURE)
    value = Number(least=0, most=360, required=True)
    measured_on = Day(required=True, metadata={"description": "Local date."})
    appointment_id = Number(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "The appointment before which it was measured; null: that of the day, if there is one."
        },
    )


class OutcomeSchema(Output):
    """A dated value."""

    id = whole()
    patient_id = whole()
    plan_id = whole(none=True)
    appointment_id = whole(none=True)
    measure = text("nprs, headache_days, hit6, ndi or rotation")
    value = whole()
    measured_on = day()
    source = text("patient, clinic or import")
    created_at = instant("When it was said, or corrected.")


OutcomePage = page_of(OutcomeSchema)


class MonthlyQuestion(Input):
    """What a plan's patient is asked once a month."""

    questionnaire = Choice(
        Questionnaire,
        required=True,
        allow_none=True,
        metadata={"description": "hit6 or ndi: the total of the form on paper; null: neither."},
    )


class PageLinkSchema(Output):
    """The secret address of a patient's own page."""

    url = text("Whoever knows it can see and change the patient's appointments.")


def outcome_json(row: Outcome) -> dict[str, Any]:
    """A value."""
    return {
        **picked(row, "id", "patient_id", "plan_id", "appointment_id", "measure", "value", "source"),
        "measured_on": row.measured_on.isoformat(),
        "created_at": utc(row.created_at),
    }
