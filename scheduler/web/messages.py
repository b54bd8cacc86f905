"""Messages: what was mailed to whom, what waits, and what needs a person."""

from flask import Blueprint, render_template, request
from flask_babel import gettext, ngettext

from scheduler.access import guard
from scheduler.models import Message, MessageState
from scheduler.usecases import messages
from scheduler.web import formats
from scheduler.web.requests import page_number

pages = Blueprint("messages", __name__, url_prefix="/messages")
PAGE_SIZE = 50
FILTERS = (
    MessageState.DUE,
    MessageState.SENT,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.CANCELLED,
)
"""States to filter by; those in between last for seconds."""


@pages.get("")
@guard("messages.read")
def index() -> str:
    """The outbox, the latest due first, all or in one state."""
    state = request.args.get("state") or None
    known = state if state in set(MessageState) else None
    page = page_number()
    return render_template(
        "messages/index.html",
        found=messages.list_messages(state=known, page=page, page_size=PAGE_SIZE),
        counts=messages.count_messages(),
        state=known,
        filters=[filter_.value for filter_ in FILTERS],
        page=page,
        page_size=PAGE_SIZE,
        explain=explain,
    )


def explain(message: Message) -> str:
    """Where a message stands, in a sentence."""
    said = gettext(message.server_reply) if message.server_reply else ""
    match MessageState(message.state):
        case MessageState.SENT:
            at = formats.moment(message.sent_at or message.due_at)
            return gettext("Handed to the mail server %(at)s.", at=at)
        case MessageState.CLAIMED | MessageState.SENDING:
            return gettext("Is being handed to the mail server.")
        case MessageState.FAILED:
            return gettext("It could not be sent: %(reply)s", reply=said)
        case MessageState.UNKNOWN:
            return gettext("%(reason)s Ask the patient; it is not sent again by itself.", reason=said)
        case MessageState.CANCELLED:
            return said
        case _ if message.attempts:
            tried = ngettext("Tried once.", "Tried %(num)s times.", message.attempts)
            at = formats.moment(message.next_attempt_at)
            again = gettext("Next try %(at)s. The mail server said: %(reply)s", at=at, reply=said)
            return f"{tried} {again}"
        case _:
            return gettext("Goes out %(at)s.", at=formats.moment(message.due_at))
