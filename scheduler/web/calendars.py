"""Calendar addresses of patients: issuing one (its links are shown this once), changing and revoking any."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.calendars.links import feed_links
from scheduler.calendars.refusals import reason_sentence
from scheduler.errors import InvalidInput
from scheduler.models import FeedDetail, FeedToken
from scheduler.usecases.feeds import silent as silent_feeds
from scheduler.usecases.feeds import tokens as feed_tokens
from scheduler.usecases.feeds.options import AHEAD_DAYS, PAST_DAYS
from scheduler.usecases.patients import registry as patients
from scheduler.web import qr, session
from scheduler.web.links import local_path
from scheduler.web.notices import notice

pages = Blueprint("calendars", __name__)
RANGES = ((30, 365), (0, 30), (7, 90), (90, 365), (366, 731))
"""Days before and after today that the forms offer."""


@pages.app_template_test("silent")
def is_silent(token: FeedToken) -> bool:
    """Whether a calendar shows what is over: it has not fetched for long although something changed."""
    return silent_feeds.is_silent(token, now=clock.now())


@pages.app_template_filter("why_unread")
def why_unread(stored: str) -> str:
    """Why a private calendar cannot be read, as a sentence."""
    return reason_sentence(stored, gettext)


@pages.app_context_processor
def offer_ranges() -> dict[str, object]:
    """What the panel of calendar addresses needs wherever it is shown."""
    return {"calendar_ranges": RANGES}


@pages.post("/patients/<int:patient_id>/calendars")
@guard("feeds.write")
def issue_for_patient(patient_id: int) -> str:
    """Make a calendar address for a patient and show its links."""
    patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return issue(owner=patient.name, patient_id=patient_id)


@pages.post("/calendars/<int:token_id>/change")
@guard("feeds.write")
def change(token_id: int) -> Response:
    """Rename an address or change what it shows."""
    return carry_out_change(token_id)


@pages.post("/calendars/<int:token_id>/revoke")
@guard("feeds.write")
def revoke(token_id: int) -> Response:
    """Let an address answer no more."""
    return carry_out_revoking(token_id)


def issue(owner: str, **whose: Any) -> str:
    """The page with the links of a new address as the form asks for it."""
    issued = feed_tokens.issue_feed_token(**whose, **_entered(), actor=current_actor(), now=clock.now())
    base_url = current_app.config["SETTINGS"].base_url
    links = feed_links(base_url, issued.secret, name=session.desk().clinic)
    back = local_path(request.form.get("next"))
    code = qr.picture_of(links.webcal_url)
    return render_template("calendars/issued.html", links=links, code=code, owner=owner, back=back)


def carry_out_change(token_id: int) -> Response:
    """Change an address as the form asks, and go back."""
    feed_tokens.change_feed_token(token_id, **_entered(), actor=current_actor(), now=clock.now())
    notice(gettext("The calendar address is changed. Calendars take it over when they look the next time."))
    return redirect(local_path(request.form.get("next")), 303)


def carry_out_revoking(token_id: int) -> Response:
    """Revoke an address, and go back."""
    feed_tokens.revoke_feed_token(token_id, actor=current_actor(), now=clock.now())
    notice(gettext("The calendar address is revoked."))
    return redirect(local_path(request.form.get("next")), 303)


def _entered() -> dict[str, Any]:
    past, ahead = _range(request.form.get("range", f"{PAST_DAYS}-{AHEAD_DAYS}"))
    return {
        "name": request.form.get("name", ""),
        "detail": request.form.get("detail", FeedDetail.MINIMAL.value),
        "alarm_minutes": request.form.get("alarm_minutes", type=int),
        "past_days": past,
        "ahead_days": ahead,
        "shows_holds": request.form.get("shows_holds") == "yes",
    }


def _range(text: str) -> tuple[int, int]:
    past, _, ahead = text.partition("-")
    if not (past.isdecimal() and ahead.isdecimal() and len(text) <= 9):
        raise InvalidInput("Please choose how far the calendar reaches.", field="range")
    return int(past), int(ahead)
