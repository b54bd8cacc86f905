"""Messages: which mails are owed, sent, failed."""

from typing import Any

from flask import Response

from scheduler.access import guard
from scheduler.api.answers import answer_page
from scheduler.api.routes import Routes
from scheduler.api.schemas import messages as schemas
from scheduler.usecases import messages

routes = Routes("messages", "Mails owed and sent.")


@routes.get("/messages")
@guard("messages.read")
@routes.arguments(schemas.MessagesQuery(), location="query")
@routes.response(200, schemas.MessagePage)
def list_messages(query: dict[str, Any]) -> Response:
    """Messages, the latest due first"""
    return answer_page(messages.list_messages(**query), schemas.message_json)
