"""Messages: what was mailed to whom, what needs a person, and what would go out in the next days."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import say
from scheduler.models import Message, MessageState
from scheduler.usecases.actors import Actor
from scheduler.usecases.messages import care as message_care
from scheduler.usecases.messages import overview as messages
from scheduler.usecases.messages.upcoming import DAYS, list_upcoming
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.tasks import count_open_tasks
from scheduler.web import formats
from scheduler.web.links import local_path
from scheduler.web.notices import BAD, notice
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
    """The outbox, the latest due first, all or in one state; or what one patient was sent, which is a look at them."""
    state, patient_id = request.args.get("state") or None, request.args.get("patient_id", type=int)
    known = state if state in set(MessageState) else None
    patient = view_patient(patient_id, actor=current_actor(), now=clock.now()) if patient_id else None
    page = page_number()
    return _page(
        "messages/index.html",
        found=messages.list_messages(state=known, patient_id=patient_id, page=page, page_size=PAGE_SIZE),
        state=known,
        page=page,
        whose=patient,
    )


@pages.get("/care")
@guard("messages.read")
def care() -> str:
    """What failed or may not have arrived and was not seen to yet."""
    page = page_number()
    found = message_care.list_unattended(now=clock.now(), page=page, page_size=PAGE_SIZE)
    return _page("messages/care.html", found=found, page=page, address_now=message_care.address_now)


@pages.get("/upcoming")
@guard("messages.read")
def upcoming() -> str:
    """What would go out in the next days if nothing changed."""
    page = page_number()
    found = list_upcoming(now=clock.now(), page=page, page_size=PAGE_SIZE)
    return _page("messages/upcoming.html", found=found, page=page, days=DAYS)


@pages.post("/<int:message_id>/send-again")
@guard("messages.write")
def send_again(message_id: int) -> Response:
    """Owe the mail anew; sent twice, it does so once."""
    return _see_to(message_care.send_again, message_id, gettext("The mail is sent again."))


@pages.post("/<int:message_id>/called")
@guard("messages.write")
def called(message_id: int) -> Response:
    """Note that the patient was called instead."""
    return _see_to(message_care.note_called, message_id, gettext("Noted that the patient was called."))


def _see_to(deed: Callable[..., Message], message_id: int, done: str) -> Response:
    actor: Actor = current_actor()
    now: datetime = clock.now()
    try:
        deed(message_id, actor=actor, now=now)
    except SchedulerError as error:
        notice(say(error), BAD)
    else:
        notice(done)
    return redirect(local_path(request.form.get("next")), 303)


def _page(template: str, **values: Any) -> str:
    return render_template(
        template,
        counts=messages.count_messages(),
        care_count=messages.count_unattended(now=clock.now()),
        open_tasks=count_open_tasks(),
        filters=[filter_.value for filter_ in FILTERS],
        page_size=PAGE_SIZE,
        explain=explain,
        **values,
    )


def explain(message: Message) -> str:
    """Where a message stands, in a sentence."""
    said = gettext(message.server_reply) if message.server_reply else ""
    match MessageState(message.state):
        case MessageState.SENT:
            at = formats.moment(message.sent_at or message.due_at)
            if message.server_reply:
                return gettext("Handed to the mail server %(at)s. It said: %(reply)s", at=at, reply=said)
            return gettext("Handed to the mail server %(at)s.", at=at)
        case MessageState.CLAIMED | MessageState.SENDING:
            return gettext("Is being handed to the mail server.")
        case MessageState.FAILED:
            return _with_care(message, gettext("It could not be sent: %(reply)s", reply=said))
        case MessageState.UNKNOWN:
            doubt = gettext("%(reason)s Ask the patient; it is not sent again by itself.", reason=said)
            return _with_care(message, doubt)
        case MessageState.CANCELLED:
            return said
        case _ if message.attempts:
            tried = ngettext("Tried once.", "Tried %(num)s times.", message.attempts)
            at = formats.moment(message.next_attempt_at)
            again = gettext("Next try %(at)s. The mail server said: %(reply)s", at=at, reply=said)
            return f"{tried} {again}"
        case _:
            return gettext("Goes out %(at)s.", at=formats.moment(message.due_at))


def _with_care(message: Message, sentence: str) -> str:
    """The sentence, and how reception saw to it."""
    if message.handled_at is None:
        return sentence
    at = formats.moment(message.handled_at)
    match message.handled_how:
        case message_care.CALLED:
            return gettext("%(sentence)s Called instead, %(at)s.", sentence=sentence, at=at)
        case message_care.CORRECTED:
            return gettext(
                "%(sentence)s Sent again to the corrected address, %(at)s.", sentence=sentence, at=at
            )
        case _:
            return gettext("%(sentence)s Sent again, %(at)s.", sentence=sentence, at=at)
