"""Messages: which mails are owed, sent, failed, and seeing to those that failed."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_page
from scheduler.api.fields import Paging
from scheduler.api.routes import Routes
from scheduler.api.schemas import messages as schemas
from scheduler.usecases.messages import care as message_care
from scheduler.usecases.messages import overview as messages
from scheduler.usecases.messages.upcoming import list_upcoming

routes = Routes("messages", "Mails owed and sent.")


@routes.get("/messages")
@guard("messages.read")
@routes.arguments(schemas.MessagesQuery(), location="query")
@routes.response(200, schemas.MessagePage)
def list_messages(query: dict[str, Any]) -> Response:
    """Messages, the latest first, then those that wait"""
    return answer_page(messages.list_messages(**query), schemas.message_json)


@routes.get("/messages/unattended")
@guard("messages.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.MessagePage)
def list_unattended(query: dict[str, Any]) -> Response:
    """Mails that failed or may not have arrived and that nobody has seen to

    Those about what has begun are left out.
    """
    return answer_page(message_care.list_unattended(now=clock.now(), **query), schemas.message_json)


@routes.get("/messages/upcoming")
@guard("messages.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.UpcomingPage)
def list_what_comes(query: dict[str, Any]) -> Response:
    """What would go out in the next 7 days if nothing changed, the first to go out first

    A dry run: nothing is sent or changed. What will be owed only when its hour has come is among it: questions before
    sessions, summaries, day lists.
    """
    return answer_page(list_upcoming(now=clock.now(), **query), schemas.upcoming_json)


@routes.post("/messages/<row:message_id>/send-again")
@guard("messages.write")
@routes.response(200, schemas.MessageSchema)
def send_again(message_id: int) -> Response:
    """Owe a mail anew that failed or may not have arrived, to the address known now

    Answers with the new message; asked again, with the same one. Refused (409) if what it says is not true any more.
    """
    row = message_care.send_again(message_id, actor=current_actor(), now=clock.now())
    return answer(schemas.message_json(row))


@routes.post("/messages/<row:message_id>/called")
@guard("messages.write")
@routes.response(200, schemas.MessageSchema)
def note_called(message_id: int) -> Response:
    """Keep that the patient was told by phone instead of by a mail that failed"""
    row = message_care.note_called(message_id, actor=current_actor(), now=clock.now())
    return answer(schemas.message_json(row))
