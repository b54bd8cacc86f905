"""Capacity: whether the coming weeks can carry what waits."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.api.answers import answer
from scheduler.api.routes import Routes
from scheduler.api.schemas import capacity as schemas
from scheduler.api.today import today_at_desk
from scheduler.usecases.capacity import weeks as capacity

routes = Routes("capacity", "What the coming weeks can still carry, and what waits to be placed in them.")


@routes.get("/capacity")
@guard("diary.read")
@routes.arguments(schemas.CapacityQuery(), location="query")
@routes.response(200, schemas.CapacitySchema)
def load_capacity(query: dict[str, Any]) -> Response:
    """What still fits against what is to place, by practitioner, location and week

    A session counts on a day of its window where there is room, and once. A shortfall names sessions that have no
    other days, and how many of them can be placed.
    """
    now = clock.now()
    query["from_on"] = query.pop("from_", None)
    found = capacity.load_capacity(**query, today=today_at_desk(now), now=now)
    return answer(schemas.capacity_json(found))
