"""Signing in and out, one's own browser sessions, and how this browser shows the desk."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock, http_errors
from scheduler.access import current_actor, guard, public
from scheduler.errors import InvalidInput, SignInBackOff, SignInRefused
from scheduler.usecases.feeds.tokens import list_feed_tokens
from scheduler.usecases.staff import sign_in as staff
from scheduler.usecases.staff.accounts import change_own_password
from scheduler.web import session
from scheduler.web.links import local_path
from scheduler.web.notices import notice

pages = Blueprint("sign_in", __name__)


@pages.get("/sign-in")
@public
def form() -> Response | str:
    """The sign-in form, or where one wanted to go if one is signed in."""
    if g.signed_in is not None:
        return redirect(local_path(request.args.get("next")))
    return render_template("sign_in.html", next=local_path(request.args.get("next")))


@pages.post("/sign-in")
@public
def submit() -> Response | tuple[str, int, dict[str, str]]:
    """Sign in; a refusal shows the form again, with what was entered but for the password."""
    name, password = request.form.get("email", ""), request.form.get("password", "")
    goal = local_path(request.form.get("next"))
    try:
        secret = staff.sign_in(name, password, source=session.source(), now=clock.now())
    except (SignInRefused, SignInBackOff) as error:
        problem = http_errors.problem_of(error)
        page = render_template("sign_in.html", next=goal, email=name, error=problem.sentence)
        return page, problem.status, dict(problem.headers)
    response = redirect(goal, 303)
    session.keep_secret(response, secret)
    return response


@pages.post("/sign-out")
@public
def sign_out() -> Response:
    """End this browser's session, if it has one."""
    if g.signed_in is not None:
        secret = request.cookies.get(session.cookie_name(), "")
        staff.sign_out(secret, actor=current_actor(), now=clock.now())
    response = redirect(url_for("sign_in.form"), 303)
    session.forget_secret(response)
    return response


@pages.get("/account")
@guard("account")
def account() -> str:
    """One's name, role, open browser sessions and, for practitioners, calendar addresses."""
    return _account_page({})


@pages.post("/account/password")
@guard("account")
def change_password() -> Response | tuple[str, int, dict[str, str]]:
    """Change one's own password; every other browser of one's own is signed out."""
    entered = request.form
    try:
        if entered.get("password") != entered.get("repeated"):
            raise InvalidInput("The two passwords differ.", field="repeated")
        change_own_password(
            g.signed_in.staff_id,
            entered.get("present", ""),
            entered.get("password", ""),
            session_id=g.signed_in.session_id,
            source=session.source(),
            actor=current_actor(),
            now=clock.now(),
        )
    except (InvalidInput, SignInBackOff) as error:
        problem = http_errors.problem_of(error)
        errors = {str(error.details.get("field", "present")): problem.sentence}
        return _account_page(errors), problem.status, dict(problem.headers)
    notice(gettext("Your password is changed. Other browsers are signed out."))
    return redirect(url_for("sign_in.account"), 303)


def _account_page(errors: dict[str, str]) -> str:
    sessions = staff.list_sessions(g.signed_in.staff_id, now=clock.now())
    own = g.signed_in.practitioner_id
    tokens = list_feed_tokens(practitioner_id=own) if own else []
    return render_template("account.html", sessions=sessions, tokens=tokens, errors=errors)


@pages.post("/account/sessions/<int:session_id>/revoke")
@guard("account")
def revoke(session_id: int) -> Response:
    """End one of one's own browser sessions."""
    staff.revoke_session(session_id, staff_id=g.signed_in.staff_id, actor=current_actor(), now=clock.now())
    notice(gettext("That browser is signed out."))
    return redirect(url_for("sign_in.account"), 303)


@pages.post("/choices")
@public
def choose() -> Response:
    """Keep the theme or the location that was chosen, and show the page again."""
    response = redirect(local_path(request.form.get("next")), 303)
    if request.form.get("theme") in session.THEMES:
        session.keep_choice(response, session.THEME_COOKIE, request.form["theme"])
    if request.form.get("place", "").isdecimal():
        session.keep_choice(response, session.PLACE_COOKIE, request.form["place"])
    return response
