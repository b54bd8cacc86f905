"""Gaps: slots that became free again, and who could use a free slot."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.api.answers import answer, answer_page, page_of
from scheduler.api.routes import Routes
from scheduler.api.schemas import gaps as schemas
from scheduler.usecases.gaps import free_slots as gaps

routes = Routes("gaps", "Slots that became free again, and who could use one.")


@routes.get("/gaps")
@guard("diary.read")
@routes.arguments(schemas.GapsQuery(), location="query")
@routes.response(200, schemas.GapPage)
def list_gaps(query: dict[str, Any]) -> Response:
    """Slots that were freed within two weeks and are free still, by start"""
    page, size = query.pop("page"), query.pop("page_size")
    return answer_page(page_of(gaps.list_gaps(**query, now=clock.now()), page, size), schemas.gap_json)


@routes.get("/gaps/ranking")
@guard("patients.read")
@routes.arguments(schemas.RankingQuery(), location="query")
@routes.response(200, schemas.RankingSchema)
def rank_gap(query: dict[str, Any]) -> Response:
    """Who could use a free slot, first choice first

    Plans that are behind, then the waitlist, then plans that would move forward; each patient once.
    """
    found = gaps.rank_gap(schemas.slot_of(query), limit=query["limit"], now=clock.now())
    return answer({"candidates": [schemas.candidate_json(one) for one in found]})
