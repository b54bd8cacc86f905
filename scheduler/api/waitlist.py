"""The waitlist: who wants a slot that there was not."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import waitlist as schemas
from scheduler.usecases.gaps import waitlist
from scheduler.usecases.idempotency import Idempotency

routes = Routes("waitlist", "Who wants a slot that there was not.")


@routes.get("/waitlist")
@guard("patients.read")
@routes.arguments(schemas.WaitlistQuery(), location="query")
@routes.response(200, schemas.EntryPage)
def list_waitlist(query: dict[str, Any]) -> Response:
    """Entries, the most urgent and then the longest waiting first"""
    closed = query.pop("which") == schemas.CLOSED
    return answer_page(waitlist.list_waitlist(**query, closed=closed), schemas.entry_json)


@routes.post("/waitlist")
@guard("gaps.write")
@routes.arguments(schemas.NewEntry())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.EntrySchema, "entry")
def add_to_waitlist(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Enter a patient on the waitlist"""
    entry = waitlist.add_to_waitlist(
        body["patient_id"], schemas.wish_of(body), actor=current_actor(), now=clock.now(), idempotency=once
    )
    where = url_for("api_waitlist.get_entry", entry_id=entry.id)
    return answer_created(schemas.entry_json(entry), once, location=where)


@routes.get("/waitlist/<row:entry_id>")
@guard("patients.read")
@routes.response(200, schemas.EntrySchema)
def get_entry(entry_id: int) -> Response:
    """Read an entry of the waitlist"""
    return answer(schemas.entry_json(waitlist.get_entry(entry_id)))


@routes.patch("/waitlist/<row:entry_id>")
@guard("gaps.write")
@routes.arguments(schemas.EntryChange())
@routes.response(200, schemas.EntrySchema)
def change_entry(body: dict[str, Any], entry_id: int) -> Response:
    """Change what an entry waits for"""
    version = body.pop("version")
    changed = waitlist.change_entry(entry_id, body, version=version, actor=current_actor(), now=clock.now())
    return answer(schemas.entry_json(changed))


@routes.post("/waitlist/<row:entry_id>/close")
@guard("gaps.write")
@routes.arguments(schemas.Closing())
@routes.response(200, schemas.EntrySchema)
def close_entry(body: dict[str, Any], entry_id: int) -> Response:
    """Take an entry off the waitlist"""
    closed = waitlist.close_entry(entry_id, **body, actor=current_actor(), now=clock.now())
    return answer(schemas.entry_json(closed))
