"""The behind board: whose next session must be placed, worst first, with the best free slots at hand."""

from flask import Blueprint, render_template

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import say
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.usecases.outcomes.courses import SESSIONS_BEFORE_REVIEW, plans_no_better
from scheduler.usecases.plans.board import behind_board
from scheduler.usecases.plans.prescribing import get_plan
from scheduler.usecases.series.proposals import ProposedSession, propose_series
from scheduler.web import once
from scheduler.web.formats import local
from scheduler.web.outcome_panel import MEASURES
from scheduler.web.requests import page_number

pages = Blueprint("board", __name__, url_prefix="/behind")
SLOTS = 3
PAGE_SIZE = 100


@pages.get("")
@guard("patients.read")
def show() -> str:
    """The board."""
    now, page = clock.now(), page_number()
    found = behind_board(today=local(now).date(), now=now, page=page, page_size=PAGE_SIZE)
    no_better = {line.plan_id: line for line in plans_no_better()}
    shown = {line.plan_id for line in found.items}
    return render_template(
        "board/show.html",
        found=found,
        page=page,
        page_size=PAGE_SIZE,
        no_better=no_better,
        on_track=[line for line in no_better.values() if line.plan_id not in shown] if page == 1 else [],
        measures=MEASURES,
        sessions=SESSIONS_BEFORE_REVIEW,
    )


@pages.get("/<int:plan_id>/slots")
@guard("plans.write")
def slots(plan_id: int) -> str:
    """The best free slots for the plan's first session to place: a part of the page."""
    found: list[ProposedSession] = []
    sentence = None
    try:
        for proposal in propose_series(plan_id, limit=SLOTS, now=clock.now()):
            left_over = {left.number for left in proposal.unplaced}
            first = next((row for row in proposal.sessions if not row.fixed), None)
            if first and first.number < min(left_over, default=first.number + 1) and _is_new(first, found):
                found.append(first)
    except SchedulerError as error:
        sentence = say(error)
    return render_template(
        "board/slots.html",
        plan=get_plan(plan_id).plan,
        found=found,
        sentence=sentence,
        practitioners={person.id: person.name for person in list_practitioners().items},
        places={place.id: place for place in list_locations().items},
        form_key=once.new_key(),
    )


def _is_new(slot: ProposedSession, found: list[ProposedSession]) -> bool:
    return all(
        (row.starts_at, row.practitioner_id) != (slot.starts_at, slot.practitioner_id) for row in found
    )
