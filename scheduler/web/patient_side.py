"""The patient's page: what is coming, confirming, cancelling, offers, check-in, preferences and calendars."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from scheduler import clock
from scheduler.access import public
from scheduler.calendars.event import FeedStyle, Viewer
from scheduler.calendars.links import feed_links
from scheduler.calendars.single import render_single
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.models import AppointmentStatus, FeedDetail
from scheduler.usecases.appointments import changing as appointments
from scheduler.usecases.offers import asking as offers
from scheduler.usecases.outcomes.values import RANGES
from scheduler.usecases.patient_side.check_in import answer_check_in
from scheduler.usecases.patient_side.links import Visitor
from scheduler.usecases.patient_side.page import event_of, own_appointment, refuse_late_cancel, see_own_page
from scheduler.usecases.patient_side.times import drop_request
from scheduler.usecases.patient_side.wishes import (
    MUTABLE,
    calendar_for,
    keep_language,
    keep_wishes,
    stop_mails,
)
from scheduler.web import qr
from scheduler.web.patient_side_page import actor_of, done, for_visitor, link_key, make_discreet, own_page
from scheduler.web.patient_side_words import leaf, soon, this_years_day

pages = Blueprint("patient_side", __name__, url_prefix="/p")
make_discreet(pages)
for form in (soon, leaf, this_years_day):
    pages.add_app_template_filter(form)
Answer = Response | AnyResponse


@pages.get("/<secret>")
@public
@for_visitor
def show(secret: str, visitor: Visitor) -> Answer:
    """What is coming, and what may be done about it."""
    return own_page(secret, visitor)


@pages.post("/<secret>/appointments/<int:appointment_id>/confirm")
@public
@for_visitor
def confirm(secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """Say that one will come; harmless when repeated."""
    try:
        row = own_appointment(visitor.patient_id, appointment_id)
        if row.status == AppointmentStatus.BOOKED:
            appointments.change_status(
                appointment_id,
                version=_version(),
                status=AppointmentStatus.CONFIRMED.value,
                actor=actor_of(visitor),
                now=clock.now(),
            )
    except NotFound:
        raise
    except SchedulerError as error:
        return own_page(secret, visitor, error)
    return done(secret, "confirmed")


@pages.post("/<secret>/appointments/<int:appointment_id>/cancel")
@public
@for_visitor
def cancel(secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """Cancel, as long as the clinic's notice is kept."""
    version, now = _version(), clock.now()
    try:
        refuse_late_cancel(visitor.patient_id, appointment_id, version=version, now=now)
        appointments.cancel_appointment(
            appointment_id, version=version, reason="patient", actor=actor_of(visitor), now=now
        )
        drop_request(visitor.patient_id, appointment_id, actor=actor_of(visitor), now=now)
    except NotFound:
        raise
    except SchedulerError as error:
        return own_page(secret, visitor, error)
    return done(secret, "cancelled")


@pages.post("/<secret>/offers/<int:turn_id>/<any(accept, decline):answer>")
@public
@for_visitor
def answer_offer(secret: str, visitor: Visitor, turn_id: int, answer: str) -> Answer:
    """Take a slot that is offered, or let it go."""
    verb, said = {
        "accept": (offers.accept_turn, "accepted"),
        "decline": (offers.decline_turn, "declined"),
    }[answer]
    now = clock.now()
    if turn_id not in {one.turn_id for one in see_own_page(visitor.patient_id, now=now).offers}:
        raise NotFound(what="offer")
    try:
        verb(turn_id, actor=actor_of(visitor), now=now, link_key=link_key())
    except SchedulerError as error:
        return own_page(secret, visitor, error)
    return done(secret, said)


@pages.post("/<secret>/appointments/<int:appointment_id>/check-in")
@public
@for_visitor
def check_in(secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """Keep how the patient is before a session."""
    try:
        answer_check_in(
            visitor.patient_id, appointment_id, _values(), actor=actor_of(visitor), now=clock.now()
        )
    except SchedulerError as error:
        return own_page(secret, visitor, error, field=str(error.details.get("field", "")))
    return done(secret, "checked_in")


@pages.post("/<secret>/preferences")
@public
@for_visitor
def preferences(secret: str, visitor: Visitor) -> Answer:
    """Keep language and which mails are wanted."""
    try:
        keep_wishes(
            visitor.patient_id,
            locale=request.form.get("locale", ""),
            wants_reminders="reminders" in request.form,
            offsets_minutes=_offsets(),
            wants_invitations="invitations" in request.form,
            wanted=[name for name in MUTABLE if name in request.form],
            actor=actor_of(visitor),
            now=clock.now(),
        )
    except SchedulerError as error:
        return own_page(secret, visitor, error)
    return done(secret, "kept")


@pages.post("/<secret>/language")
@public
@for_visitor
def language(secret: str, visitor: Visitor) -> Answer:
    """Speak another language, for who cannot read this one: one tap."""
    try:
        wanted = request.form.get("locale", "")
        keep_language(visitor.patient_id, wanted, actor=actor_of(visitor), now=clock.now())
    except SchedulerError as error:
        return own_page(secret, visitor, error)
    return redirect(url_for(".show", secret=secret), 303)


@pages.get("/<secret>/stop/<name>")
@public
@for_visitor
def before_stopping(secret: str, visitor: Visitor, name: str) -> Answer:
    """The page, for who follows the address in a mail's head; opening it stops nothing."""
    return own_page(secret, visitor)


@pages.post("/<secret>/stop/<name>")
@public
@for_visitor
def stop(secret: str, visitor: Visitor, name: str) -> Answer:
    """Send no more mails of one sort: what mail programs do by their own button (RFC 8058)."""
    stop_mails(visitor.patient_id, name, actor=actor_of(visitor), now=clock.now())
    return own_page(secret, visitor)


@pages.post("/<secret>/calendar/<any(Google, Apple, Outlook, Other):name>")
@public
@for_visitor
def calendar(secret: str, visitor: Visitor, name: str) -> Answer:
    """Make the address for a calendar program and lead on to it, so that one tap is enough."""
    base_url = current_app.config["SETTINGS"].base_url
    found = see_own_page(visitor.patient_id, now=clock.now())
    feed = calendar_for(visitor, name, key=link_key(), actor=actor_of(visitor), now=clock.now())
    links = feed_links(base_url, feed, name=found.clinic)
    if name != "Other":
        where = {"Google": links.google_url, "Apple": links.webcal_url, "Outlook": links.outlook_url}
        return redirect(where[name], 303)
    code = qr.picture_of(links.webcal_url)
    page = render_template("patient_side/calendar.html", secret=secret, page=found, links=links, code=code)
    return Response(page)


@pages.get("/<secret>/appointments/<int:appointment_id>.ics")
@public
@for_visitor
def download(_secret: str, visitor: Visitor, appointment_id: int) -> Answer:
    """One appointment as a file for any calendar."""
    row, locale, clinic = event_of(visitor.patient_id, appointment_id)
    style = FeedStyle(Viewer.PATIENT, FeedDetail.MINIMAL, locale, None, clinic)
    response = Response(
        render_single(row, style), content_type="text/calendar; charset=utf-8; method=PUBLISH"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


def _version() -> int:
    return request.form.get("version", 0, type=int)


def _offsets() -> list[int]:
    """Minutes before, as ticked; what is no number of minutes is none of the choices."""
    return [int(text) for text in request.form.getlist("offsets") if text.isdecimal() and len(text) < 7]


def _values() -> dict[str, int]:
    """measure -> number, of those that were filled in. Raises InvalidInput for what is no number."""
    found = {}
    for measure in RANGES:
        text = request.form.get(measure, "").strip()
        if text:
            if not text.isascii() or not text.isdecimal() or len(text) > 4:
                raise InvalidInput("Please enter a whole number.", field=str(measure))
            found[str(measure)] = int(text)
    return found
