"""The behind board: whose next session must be placed."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.api.answers import answer_page
from scheduler.api.fields import Paging
from scheduler.api.routes import Routes
from scheduler.api.schemas import board as schemas
from scheduler.api.today import today_at_desk
from scheduler.usecases.plans import board

routes = Routes(
    "board", "Active plans with a session to place that is due or overdue, or with nothing booked."
)


@routes.get("/board")
@guard("patients.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.BehindPage)
def behind_board(query: dict[str, Any]) -> Response:
    """The behind board, worst first"""
    now = clock.now()
    found = board.behind_board(**query, today=today_at_desk(now), now=now)
    return answer_page(found, schemas.behind_json)
