"""The form that prescribes a plan: shown empty, as it was sent, or filled from a plan that is still being written."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import g, render_template, request
from werkzeug.datastructures import MultiDict

from scheduler import clock
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.http_errors import say
from scheduler.models import Protocol, TreatmentPlan
from scheduler.usecases.appointments.queries import list_appointments
from scheduler.usecases.clinic.catalogue import (
    list_appointment_types,
    list_locations,
    list_practitioners,
    list_protocols,
)
from scheduler.usecases.patients.registry import name_patient
from scheduler.usecases.plans.prescribing import PhaseWish
from scheduler.web import once
from scheduler.web.formats import local
from scheduler.web.plan_wishes import TIMES_OF_DAY, preferences_of, time_of_day
from scheduler.web.wall_times import day_or
from scheduler.web.words import WORDS

OWN_PHASES = "own"
COLUMNS = ("sessions", "min_days", "ideal_days", "max_days")
FEWEST_ROWS = 3
Values = MultiDict[str, Any]


def empty_values(patient_id: int) -> Values:
    """What a new form proposes; whoever has never been here is offered a first visit."""
    before = list_appointments(patient_id=patient_id, statuses=["completed"], page_size=1).total
    values: Values = MultiDict(
        {
            "starts_on": (local(clock.now()).date() + timedelta(days=1)).isoformat(),
            "time_of_day": "any",
            "practitioner_id": str(g.signed_in.practitioner_id or ""),
        }
    )
    if not before:
        values["first_visit"] = "yes"
    return values


def values_of(plan: TreatmentPlan) -> Values:
    """A plan as the form carries it."""
    wishes = plan.preferences
    values: Values = MultiDict(
        {
            "protocol_id": str(plan.protocol_id or OWN_PHASES),
            "phases_of": str(plan.protocol_id or OWN_PHASES),
            "starts_on": plan.starts_on.isoformat(),
            "condition": plan.condition,
            "practitioner_id": str(plan.practitioner_id),
            "time_of_day": time_of_day(wishes),
            "prefer_practitioner_id": str(next(iter(wishes.get("practitioner_ids") or ()), "")),
            "location_id": str(wishes.get("location_id") or ""),
        }
    )
    values.setlist("weekdays", [str(day) for day in wishes.get("weekdays") or ()])
    values.setlist("muscles", list(plan.target_muscles))
    for name in COLUMNS:
        values.setlist(name, [str(getattr(phase, name)) for phase in plan.phases])
    first = plan.sessions[0].appointment_type_id
    if len(plan.sessions) == 1 or first != plan.sessions[1].appointment_type_id:
        values["first_visit"], values["first_type_id"] = "yes", str(first)
    return values


def entered_plan(entered: Values) -> dict[str, Any]:
    """What was entered, as prescribe_plan and amend_plan take it. Raises InvalidInput."""
    return {
        "practitioner_id": entered.get("practitioner_id", 0, type=int),
        "protocol_id": entered.get("protocol_id", type=int),
        "phases": _phases(entered),
        "starts_on": _date(entered.get("starts_on", "")),
        "condition": entered.get("condition", ""),
        "target_muscles": [code for code in entered.getlist("muscles") if code in WORDS["muscle"]],
        "preferences": preferences_of(entered),
        "first_appointment_type_id": entered.get("first_type_id", type=int)
        if "first_visit" in entered
        else None,
    }


def plan_form(
    patient_id: int, values: Values, error: SchedulerError | None = None, plan: TreatmentPlan | None = None
) -> str:
    """The form with these values; ``plan`` is the one that it changes."""
    patient = name_patient(patient_id)
    if patient is None:
        return render_template("plans/whose.html")
    protocols = list_protocols().items
    chosen = _chosen(values, protocols)
    return render_template(
        "plans/form.html",
        patient=patient,
        plan=plan,
        values=values,
        chosen=chosen,
        rows=_rows(values, protocols, chosen),
        phases={protocol.id: _phases_of(protocol) for protocol in protocols},
        protocols=protocols,
        practitioners=list_practitioners().items,
        people={person.id: person.name for person in list_practitioners().items},
        locations=list_locations().items,
        types=list_appointment_types().items,
        times=TIMES_OF_DAY,
        form_key=request.form.get(once.FIELD) or once.new_key(),
        sentence=say(error) if error else None,
    )


def own_phases() -> list[PhaseWish]:
    """The phases typed in the form, row by row; rows without sessions are left out."""
    return _typed(request.form)


def _typed(entered: Values) -> list[PhaseWish]:
    rows = zip(*(entered.getlist(name) for name in COLUMNS), strict=False)
    try:
        return [PhaseWish(*(int(text) for text in row)) for row in rows if row[0].strip()]
    except ValueError:
        raise InvalidInput("Sessions and days are whole numbers.", field="phases") from None


def _phases(entered: Values) -> list[PhaseWish] | None:
    """The rows of phases if they are meant: own ones, or those of the chosen protocol changed for this patient.

    Without a script the rows may still show another protocol than the one chosen: then they say nothing.
    """
    asked = entered.get("protocol_id", "")
    if asked == OWN_PHASES:
        return _typed(entered)
    if not asked or entered.get("phases_of") != asked:
        return None
    protocol = next((one for one in list_protocols().items if str(one.id) == asked), None)
    rows = _typed(entered)
    if protocol is None or not rows or [_numbers(row) for row in rows] == _phases_of(protocol):
        return None
    kinds = [phase.appointment_type_id for phase in protocol.phases]
    return [
        PhaseWish(row.sessions, row.min_days, row.ideal_days, row.max_days, kind)
        for row, kind in zip(rows, [*kinds, *[kinds[-1]] * len(rows)], strict=False)
    ]


def _numbers(row: Any) -> list[int]:
    return [getattr(row, name) for name in COLUMNS]


def _phases_of(protocol: Protocol) -> list[list[int]]:
    return [_numbers(phase) for phase in protocol.phases]


def _chosen(values: Values, protocols: Sequence[Protocol]) -> str:
    """The protocol that is ticked: as entered, else the first."""
    return values.get("protocol_id") or (str(protocols[0].id) if protocols else OWN_PHASES)


def _rows(values: Values, protocols: Sequence[Protocol], chosen: str) -> list[list[str]]:
    """Rows of phases as they are shown: what was entered, else the chosen protocol's; some are left empty."""
    typed = [values.getlist(name) for name in COLUMNS]
    if any(typed):
        longest = max(map(len, typed))
        rows = [[column[at] if at < len(column) else "" for column in typed] for at in range(longest)]
    else:
        known = next((one for one in protocols if str(one.id) == chosen), None)
        rows = [[str(number) for number in row] for row in _phases_of(known)] if known else []
    rows = [row for row in rows if any(row)]
    return rows + [[""] * len(COLUMNS)] * max(1, FEWEST_ROWS - len(rows))


def _date(text: str) -> date:
    found = day_or(text, date.min)
    if found == date.min:
        raise InvalidInput("Please enter the day on which the plan starts.", field="starts_on")
    return found
