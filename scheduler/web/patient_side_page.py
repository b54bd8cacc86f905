"""What the screens behind a patient's link share: whose they are, in which language, and what went wrong.

The secret in the address is all that opens them, and stands for the forms' token as well: cookies count for nothing
there. Opening one changes nothing, because mail scanners open links; only that it was used is noted, to the hour.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale, gettext
from werkzeug import Response as AnyResponse

from scheduler import clock
from scheduler.errors import DatabaseBusy, NotFound, SchedulerError, TooManyTries
from scheduler.http_errors import problem_of
from scheduler.models import Clinic
from scheduler.usecases.actors import Actor
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.patient_side.check_in import question_for
from scheduler.usecases.patient_side.links import (
    Visitor,
    note_use,
    patient_actor,
    use_is_to_be_noted,
    visitor_for,
)
from scheduler.usecases.patient_side.page import see_own_page
from scheduler.usecases.patient_side.wishes import OFFSETS
from scheduler.usecases.tries import count_post, count_unknown_link
from scheduler.web import session
from scheduler.web.formats import DEFAULT, parse_locale
from scheduler.web.headers import CONTENT_SECURITY_POLICY
from scheduler.web.patient_side_words import plainly, what_was_done, zone_word

CALENDAR_SITES = "https://calendar.google.com https://outlook.live.com webcal:"
"""Where a form may lead on to: the browser follows the answer to a tap on a calendar's button."""
DISCREET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace(
        "form-action 'self'", f"form-action 'self' {CALENDAR_SITES}"
    ),
}
View = Callable[..., Response | AnyResponse]


def for_visitor(view: View) -> View:
    """Give the view who opened the page and in whose language; an unknown link gets a sentence, told nothing else."""

    @wraps(view)
    def opened(secret: str, **values: Any) -> Response | AnyResponse:
        now = clock.now()
        try:
            visitor = visitor_for(secret, now=now)
        except NotFound:
            return stranger(unknown())
        if use_is_to_be_noted(visitor, now=now):
            with suppress(DatabaseBusy):  # no reason to withhold the page
                note_use(visitor, now=now)
        with force_locale(str(parse_locale(visitor.locale) or DEFAULT)):
            try:
                if request.method == "POST":
                    count_post(f"page-{visitor.link_id}", now=now)
                return view(secret, visitor, **values)
            except TooManyTries as error:
                return wait(error, gettext("Much was sent from this page in a short time."))
            except NotFound:
                return unknown()

    return opened


def own_page(
    secret: str, visitor: Visitor, error: SchedulerError | None = None, *, field: str | None = None
) -> Response:
    """The page as it is now; after a refusal with why."""
    now = clock.now()
    found = see_own_page(visitor.patient_id, now=now)
    done = what_was_done(request.args.get("done", ""), found) if error is None else ""
    page = render_template(
        "patient_side/show.html",
        secret=secret,
        page=found,
        question=question_for(visitor.patient_id, now=now),
        done=done,
        sentence=plainly(error) if error else None,
        wrong=field,
        entered=request.form,
        zone_word=zone_word,
        reminder_choices=OFFSETS,
    )
    return make_response(page, problem_of(error).status if error else 200)


def done(secret: str, what: str) -> AnyResponse:
    """Show the page anew, with what was done."""
    return redirect(url_for("patient_side.show", secret=secret, done=what), 303)


def unknown() -> Response:
    """For whoever has no link that is good: the same whatever the reason."""
    sentence = gettext(
        "This link is not valid any more. Please use the one in your latest mail, or call the clinic."
    )
    return make_response(
        render_template("patient_side/unknown.html", sentence=sentence, clinic=_clinic()), 404
    )


def stranger(page: Response) -> Response:
    """The page for a link that opened nothing; a calm request to wait for who opens many of them.

    Links that are good open all the same: only those that are not are counted, by network address.
    """
    try:
        with suppress(DatabaseBusy):
            count_unknown_link(session.source(), now=clock.now())
    except TooManyTries as error:
        return wait(error, gettext("Many links that are not valid were opened from your network."))
    return page


def wait(error: TooManyTries, why: str) -> Response:
    """429, with when to come back; nothing was done."""
    problem = problem_of(error)
    minutes = -(-int(str(error.details["retry_after_seconds"])) // 60)
    page = render_template("patient_side/wait.html", why=why, minutes=minutes, clinic=_clinic())
    return make_response(page, problem.status, problem.headers)


def _clinic() -> Clinic | None:
    """Whom to call: the link opened nothing, but who holds it was sent it once."""
    with suppress(NotFound):
        return get_clinic()
    return None


def actor_of(visitor: Visitor) -> Actor:
    """The patient who acts."""
    return patient_actor(visitor.patient_id, session.source())


def link_key() -> str:
    """The service's own secret."""
    return str(current_app.config["SETTINGS"].secret_key)


def make_discreet(pages: Blueprint) -> None:
    """Tell browsers, caches and search engines to keep the pages of a blueprint to themselves."""

    @pages.after_request
    def add(response: Response) -> Response:
        response.headers.update(DISCREET)
        return response
