"""Practitioners' private calendars: what they show as busy cannot be booked."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer_created, answer_page, page_of
from scheduler.api.fields import Paging
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import private_calendars as schemas
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.practitioners import busy_calendars
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts

routes = Routes("private_calendars", "Private calendars that count as busy; only their times are kept.")


@routes.post("/practitioners/<row:practitioner_id>/private-calendars")
@guard("feeds.write")
@routes.arguments(schemas.NewPrivateCalendar())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.PrivateCalendarSchema)
def add_private_calendar(body: dict[str, Any], once: Idempotency | None, practitioner_id: int) -> Response:
    """Read a practitioner's private calendar as busy time

    It is read within a minute, then every quarter of an hour. Its address is never told again.
    """
    row = busy_calendars.add_busy_calendar(
        practitioner_id, **body, actor=current_actor(), now=clock.now(), idempotency=once
    )
    return answer_created(schemas.private_calendar_json(row), once)


@routes.get("/practitioners/<row:practitioner_id>/private-calendars")
@guard("feeds.write")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.PrivateCalendarPage)
def list_private_calendars(query: dict[str, Any], practitioner_id: int) -> Response:
    """A practitioner's private calendars, without their addresses"""
    found = busy_calendars.list_busy_calendars(practitioner_id=practitioner_id)
    return answer_page(page_of(found, **query), schemas.private_calendar_json)


@routes.delete("/private-calendars/<row:calendar_id>")
@guard("feeds.write")
@routes.response(204)
def remove_private_calendar(calendar_id: int) -> Response:
    """Forget a private calendar with its address and its times"""
    busy_calendars.remove_busy_calendar(calendar_id, actor=current_actor(), now=clock.now())
    return Response(status=204)


@routes.get("/private-calendars/conflicts")
@guard("feeds.write")
@routes.arguments(schemas.ConflictsQuery(), location="query")
@routes.response(200, schemas.BusyConflictPage)
def list_conflicts(query: dict[str, Any]) -> Response:
    """Appointments still to come at times that a private calendar calls busy"""
    practitioner_id = query.pop("practitioner_id")
    found = list_busy_conflicts(practitioner_id=practitioner_id, now=clock.now())
    return answer_page(page_of(found, **query), schemas.conflict_json)
