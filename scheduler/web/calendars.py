"""Calendar addresses: issuing one (its links are shown this once), and revoking it."""

from flask import Blueprint, current_app, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.calendars.links import feed_links
from scheduler.errors import InvalidInput, NotFound
from scheduler.models import FeedDetail
from scheduler.usecases import feed_tokens, patients
from scheduler.web import qr, session
from scheduler.web.links import local_path
from scheduler.web.notices import notice

pages = Blueprint("calendars", __name__)


@pages.post("/patients/<int:patient_id>/calendars")
@guard("feeds.write")
def issue_for_patient(patient_id: int) -> str:
    """Make a calendar address for a patient and show its links."""
    patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return _issue(owner=patient.name, patient_id=patient_id)


@pages.post("/account/calendars")
@guard("account")
def issue_for_oneself() -> str:
    """Make a calendar address for the practitioner who is signed in."""
    if g.signed_in.practitioner_id is None:
        raise InvalidInput("Only practitioners have a calendar of their own.")
    return _issue(owner=g.signed_in.name, practitioner_id=g.signed_in.practitioner_id)


@pages.post("/calendars/<int:token_id>/revoke")
@guard("feeds.write")
def revoke(token_id: int) -> Response:
    """Let an address answer no more."""
    return _revoke(token_id)


@pages.post("/account/calendars/<int:token_id>/revoke")
@guard("account")
def revoke_own(token_id: int) -> Response:
    """Let one of one's own addresses answer no more."""
    own = g.signed_in.practitioner_id
    tokens = feed_tokens.list_feed_tokens(practitioner_id=own) if own else []
    if token_id not in {token.id for token in tokens}:
        raise NotFound(what="calendar address")
    return _revoke(token_id)


def _issue(owner: str, patient_id: int | None = None, practitioner_id: int | None = None) -> str:
    issued = feed_tokens.issue_feed_token(
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        name=request.form.get("name", ""),
        detail=request.form.get("detail", FeedDetail.MINIMAL.value),
        alarm_minutes=request.form.get("alarm_minutes", type=int),
        actor=current_actor(),
        now=clock.now(),
    )
    base_url = current_app.config["SETTINGS"].base_url
    links = feed_links(base_url, issued.secret, name=session.desk().clinic)
    back = local_path(request.form.get("next"))
    code = qr.drawing_of(links.webcal_url)
    return render_template("calendars/issued.html", links=links, code=code, owner=owner, back=back)


def _revoke(token_id: int) -> Response:
    feed_tokens.revoke_feed_token(token_id, actor=current_actor(), now=clock.now())
    notice(gettext("The calendar address is revoked."))
    return redirect(local_path(request.form.get("next")), 303)
