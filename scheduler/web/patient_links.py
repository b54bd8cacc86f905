"""The address of a patient's own page, at the desk: showing it to hand it over, and revoking it."""

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.usecases.links import patient_page
from scheduler.usecases.patient_side import links as patient_links
from scheduler.usecases.patients import registry as patients
from scheduler.web import qr
from scheduler.web.notices import notice

pages = Blueprint("patient_links", __name__, url_prefix="/patients")


@pages.post("/<int:patient_id>/page-link")
@guard("feeds.write")
def show(patient_id: int) -> str:
    """The address, with a code for the patient's phone; made if there is none that is good."""
    actor, now = current_actor(), clock.now()
    patient = patients.view_patient(patient_id, actor=actor, now=now)
    settings = current_app.config["SETTINGS"]
    secret = patient_links.issue_link(patient_id, key=settings.secret_key, actor=actor, now=now)
    address = patient_page(settings.base_url, secret)
    return render_template(
        "patients/page_link.html", patient=patient, address=address, code=qr.picture_of(address)
    )


@pages.post("/<int:patient_id>/page-link/revoke")
@guard("feeds.write")
def revoke(patient_id: int) -> Response:
    """Let the address open nothing any more, and the calendars made behind it show nothing."""
    calendars = patient_links.revoke_links(patient_id, actor=current_actor(), now=clock.now())
    notice(gettext("The address is revoked. The next mail brings another one."))
    if calendars:
        notice(
            ngettext(
                "%(num)s calendar connected through it is revoked, too.",
                "%(num)s calendars connected through it are revoked, too.",
                calendars,
            )
        )
    return redirect(url_for("patients.show", patient_id=patient_id), 303)
