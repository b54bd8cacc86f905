"""The words of the mails: which are the clinic's own, changing them with a look at the mail, going back."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, render_template, request
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.http_errors import say
from scheduler.mail.own_sentences import shipped_words
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.usecases.edits import LANGUAGES
from scheduler.usecases.messages.own_words import FIELDS, FILTERS, OwnWords, check_words
from scheduler.usecases.messages.previews import OF_PATIENTS, preview_letter, preview_letter_of
from scheduler.usecases.messages.templates import (
    change_mail_template,
    find_mail_template,
    list_mail_templates,
    reset_mail_template,
    tidy_words,
)
from scheduler.usecases.patients.registry import find_patients, name_patient
from scheduler.web.settings.frame import by, carry_out, lead_on, number, pages, show, show_again, text, to
from scheduler.web.settings.reminders import INSIDE_FRAME

FOUND_AT_MOST = 8


@pages.get("/mails")
@guard("clinic.read")
def mail_texts() -> str:
    """Every kind of mail in every language, and whose words it speaks."""
    return show(
        "mail_texts.html", "mails", kinds=tuple(FIELDS), languages=LANGUAGES, own=list_mail_templates()
    )


@pages.get("/mails/<kind>/<language>")
@guard("clinic.read")
def mail_text(kind: str, language: str) -> str:
    """The words of one mail with the mail itself; with ``patient_id`` it is a real patient's, which is a look."""
    row = find_mail_template(kind, language)
    words = OwnWords(row.subject, row.lead, row.closing) if row else shipped_words(kind, language)
    return show("mail_text.html", "mails", values=words._asdict(), **_page(kind, language, words))


@pages.post("/mails/<kind>/<language>")
@guard("clinic.write")
def mail_text_change(kind: str, language: str) -> Response | tuple[str, int]:
    """Keep the words, unless they are broken."""
    try:
        change_mail_template(kind, language, _entered(), version=number("version", 0), **by())
    except SchedulerError as error:
        row = find_mail_template(kind, language)
        known = OwnWords(row.subject, row.lead, row.closing) if row else shipped_words(kind, language)
        return show_again(
            error, "mail_text.html", "mails", known=known._asdict(), **_page(kind, language, _entered())
        )
    return lead_on(
        gettext("The words are kept. Mails sent from now on use them."),
        to("mail_text", kind=kind, language=language),
    )


@pages.post("/mails/<kind>/<language>/reset")
@guard("clinic.write")
def mail_text_reset(kind: str, language: str) -> Response:
    """Back to the shipped words."""
    return carry_out(
        lambda: reset_mail_template(kind, language, version=number("version", 0), **by()),
        lambda _: gettext("The shipped words are back."),
        to("mail_text", kind=kind, language=language),
    )


@pages.post("/mails/<kind>/<language>/preview")
@guard("clinic.write")
def mail_text_preview(kind: str, language: str) -> str:
    """Subject and text of the mail with what is entered, or what is wrong with that: a part of the page."""
    find_mail_template(kind, language)
    return render_template("settings/mail_preview.html", **_preview(kind, language, _entered()))


@pages.post("/mails/<kind>/<language>/html")
@guard("clinic.write")
def mail_text_html(kind: str, language: str) -> FlaskResponse:
    """The HTML of the mail with what is entered, for the frame."""
    find_mail_template(kind, language)
    return _framed(_preview(kind, language, _entered()))


@pages.get("/mails/<kind>/<language>/html")
@guard("clinic.read")
def mail_text_html_stored(kind: str, language: str) -> FlaskResponse:
    """The HTML of the mail with what is stored, for the frame."""
    row = find_mail_template(kind, language)
    words = OwnWords(row.subject, row.lead, row.closing) if row else shipped_words(kind, language)
    return _framed(_preview(kind, language, words))


def _entered() -> OwnWords:
    return OwnWords(text("subject"), text("lead"), text("closing"))


def _page(kind: str, language: str, words: OwnWords) -> dict[str, Any]:
    row = find_mail_template(kind, language)
    who = request.values.get("who", "").strip()[:200]
    found = find_patients(who, page_size=FOUND_AT_MOST).items if who and kind in OF_PATIENTS else []
    return {
        "kind": kind,
        "language": language,
        "version": row.version if row else 0,
        "own": row is not None,
        "fields": FIELDS[kind],
        "filters": FILTERS,
        "who": who,
        "found": found,
        "with_patient": kind in OF_PATIENTS,
        **_preview(kind, language, words),
    }


def _preview(kind: str, language: str, words: OwnWords) -> dict[str, Any]:
    """The mail with these words, or the sentence that says why there is none."""
    patient_id = request.values.get("patient_id", 0, type=int)
    patient = name_patient(patient_id) if kind in OF_PATIENTS else None
    about: dict[str, Any] = {
        "patient": patient,
        "mail": None,
        "mail_text": "",
        "mail_html": "",
        "why_not": "",
    }
    try:
        words = tidy_words(words)
        check_words(kind, words)
        mail = _mail(kind, language, words, patient.id if patient else None)
    except InvalidInput as error:
        return about | {"why_not": say(error)}
    return about | {"mail": mail, "mail_text": _part(mail, "plain"), "mail_html": _part(mail, "html")}


def _mail(kind: str, language: str, words: OwnWords, patient_id: int | None) -> EmailMessage:
    settings, now = current_app.config["SETTINGS"], clock.now()
    own = {(other, language): words for other in FIELDS}  # a series of one date reads like a single one
    if patient_id is None:
        letter = preview_letter(kind, language, own, gettext("Anna"), now=now)
    else:
        letter = preview_letter_of(kind, language, own, patient_id, actor=current_actor(), now=now)
    raw = render_letter(letter, settings.mail_from, Site(settings.base_url, settings.secret_key), now=now)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what policy.default makes
    return message


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def _framed(preview: dict[str, Any]) -> FlaskResponse:
    body = preview["mail_html"] or render_template("settings/mail_broken.html", why_not=preview["why_not"])
    response = FlaskResponse(body, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = INSIDE_FRAME
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
