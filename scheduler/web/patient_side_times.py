"""Another time, on the patient's page: the free times of a session's window, to book or to ask for."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug import Response as AnyResponse

from scheduler import clock
from scheduler.access import public
from scheduler.errors import Conflict, InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of
from scheduler.models import Appointment, Rebooking
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.clinic.catalogue import list_locations
from scheduler.usecases.patient_side.links import Visitor
from scheduler.usecases.patient_side.page import see_own_page
from scheduler.usecases.patient_side.times import (
    MOST_WISHES,
    NOT_SOONER,
    Wish,
    ask_for_times,
    drop_request,
    opened_for_moving,
    read,
    written,
)
from scheduler.usecases.series.alternatives import Alternative, appointment_alternatives
from scheduler.web.patient_side_page import (
    actor_of,
    done,
    for_visitor,
    make_discreet,
    own_page,
)
from scheduler.web.patient_side_words import plainly, zone_word

pages = Blueprint("patient_side_times", __name__, url_prefix="/p")
make_discreet(pages)
MOST_A_DAY, MOST_DAYS = 8, 21
"""So much is shown: a choice, not the whole diary."""
Answer = Response | AnyResponse


@pages.get("/<secret>/appointments/<int:appointment_id>/times")
@public
@for_visitor
def choose(secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """The times that may be taken instead."""
    try:
        return _choice(secret, visitor, appointment_id)
    except Conflict as error:
        return own_page(secret, visitor, error)


@pages.post("/<secret>/appointments/<int:appointment_id>/times")
@public
@for_visitor
def take(secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """Move there at once, or ask reception for it, as the clinic has it."""
    now, actor = clock.now(), actor_of(visitor)
    version = request.form.get("version", 0, type=int)
    try:
        row, how = opened_for_moving(visitor.patient_id, appointment_id, now=now)
        wishes = _wishes(row, now)
        if how == Rebooking.BOOK:
            move_appointment(appointment_id, version=version, **wishes[0]._asdict(), actor=actor, now=now)
            drop_request(visitor.patient_id, appointment_id, actor=actor, now=now)
            return done(secret, "moved")
        ask_for_times(
            visitor.patient_id,
            appointment_id,
            wishes,
            version=version,
            remark=request.form.get("remark", ""),
            actor=actor,
            now=now,
        )
    except NotFound:
        raise
    except SchedulerError as error:
        try:
            return _choice(secret, visitor, appointment_id, error)
        except Conflict:
            return own_page(secret, visitor, error)
    return done(secret, "asked")


def _wishes(row: Appointment, now: datetime) -> list[Wish]:
    """What was chosen, if all of it is on offer now. Raises InvalidInput, Conflict."""
    chosen = [read(text) for text in request.form.getlist("slot")[: MOST_WISHES + 1]]
    if not chosen:
        raise InvalidInput("Please choose a time.", field="slot")
    free = {_wish(slot) for slot in _offered(row, now)}
    if not set(chosen) <= free:
        raise Conflict("Somebody else has that time by now. Please choose another one.")
    return chosen


def _choice(
    secret: str, visitor: Visitor, appointment_id: int, error: SchedulerError | None = None
) -> Response:
    now = clock.now()
    row, how = opened_for_moving(visitor.patient_id, appointment_id, now=now)
    places = {place.id: place for place in list_locations().items}
    slots = _offered(row, now)
    days = [(day, _spread(list(group))) for day, group in groupby(slots, key=lambda slot: slot.on)]
    page = render_template(
        "patient_side/times.html",
        secret=secret,
        page=see_own_page(visitor.patient_id, now=now),
        row=row,
        books=how == Rebooking.BOOK,
        days=days[:MOST_DAYS],
        places=places,
        written=lambda slot: written(_wish(slot)),
        most=MOST_WISHES,
        sentence=plainly(error) if error else None,
        entered=request.form,
        zone_word=zone_word,
    )
    return make_response(page, problem_of(error).status if error else 200)


def _offered(row: Appointment, now: datetime) -> Sequence[Alternative]:
    """Free times of the session's window by start: with who treats already where there are any, one of a start."""
    free = [
        slot for slot in appointment_alternatives(row.id, now=now).slots if slot.starts_at >= now + NOT_SOONER
    ]
    same = [slot for slot in free if slot.practitioner_id == row.practitioner_id]
    by_start = {(slot.starts_at, slot.location_id): slot for slot in reversed(same or free)}
    return sorted(by_start.values(), key=lambda slot: (slot.starts_at, slot.location_id))


def _spread(slots: Sequence[Alternative]) -> Sequence[Alternative]:
    """At most MOST_A_DAY of a day, from all over it."""
    return slots[:: -(-len(slots) // MOST_A_DAY)]


def _wish(slot: Alternative) -> Wish:
    return Wish(slot.starts_at, slot.practitioner_id, slot.location_id)
