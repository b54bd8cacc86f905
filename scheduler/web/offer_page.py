"""The page behind the link of an offer's mail: a patient, not signed in, takes the slot or lets it go.

The secret in the address is all that it takes, and stands for the form's token as well. Opening the page changes
nothing: mail scanners open links.
"""

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template
from flask_babel import force_locale, gettext

from scheduler import clock
from scheduler.access import public
from scheduler.errors import NotFound, SchedulerError, TooManyTries
from scheduler.http_errors import problem_of
from scheduler.usecases.offers import asking as offers
from scheduler.usecases.offers.queries import OfferedSlot, see_offered_slot
from scheduler.usecases.tries import count_post
from scheduler.web import session
from scheduler.web.formats import DEFAULT, parse_locale
from scheduler.web.patient_side_page import stranger, wait

pages = Blueprint("offer_page", __name__, url_prefix="/o")
DISCREET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@pages.get("/<secret>")
@public
def show(secret: str) -> Response:
    """What is offered, until when, and two buttons."""
    try:
        return _page(secret, _offered(secret))
    except NotFound:
        return _unknown()


@pages.post("/<secret>/accept")
@public
def accept(secret: str) -> Response:
    """Take the slot."""
    return _answered(secret, offers.accept_turn)


@pages.post("/<secret>/decline")
@public
def decline(secret: str) -> Response:
    """Let it go to the next."""
    return _answered(secret, offers.decline_turn)


def _answered(secret: str, verb: Any) -> Response:
    """Answer and show what it came to; a refusal is told beside the state as it is then."""
    try:
        offered = _offered(secret)
        count_post(f"offer-{offered.turn_id}", now=clock.now())
        verb(
            offered.turn_id,
            actor=offers.patient_actor(offered.patient_id, session.source()),
            now=clock.now(),
            link_key=str(current_app.config["SETTINGS"].secret_key),
        )
    except NotFound:
        return _unknown()
    except TooManyTries as error:
        return _discreet(wait(error, gettext("Much was sent from this page in a short time.")))
    except SchedulerError as error:
        return _page(secret, _offered(secret), error)
    return _page(secret, _offered(secret))


def _offered(secret: str) -> OfferedSlot:
    return see_offered_slot(offers.turn_for_secret(secret[:100]), now=clock.now())


def _page(secret: str, offered: OfferedSlot, error: SchedulerError | None = None) -> Response:
    """In the patient's language. An error's own sentence is only shown where the state does not say it already."""
    refused = error is not None and offered.state == "open"
    with force_locale(str(parse_locale(offered.locale) or DEFAULT)):
        page = render_template("offer_page/show.html", secret=secret, offered=offered, refused=refused)
    return _discreet(make_response(page, problem_of(error).status if error is not None else 200))


def _unknown() -> Response:
    sentence = gettext("This link is not valid. Please use the one in your latest mail, or call the clinic.")
    page = render_template("offer_page/show.html", offered=None, sentence=sentence)
    return _discreet(stranger(make_response(page, 404)))


def _discreet(response: Response) -> Response:
    response.headers.update(DISCREET)
    return response
