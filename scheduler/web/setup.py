"""The first start: clinic, location and administrator, guarded by the code printed where the service was started."""

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import public
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models.staff import Role
from scheduler.readiness import SET_UP, SETUP_PATH, clinic_is_set_up
from scheduler.usecases.actors import Actor
from scheduler.usecases.clinic.first_setup import FirstSetup, set_up_first
from scheduler.usecases.staff.sign_in import sign_in
from scheduler.web import session
from scheduler.web.notices import notice
from scheduler.web.settings.locations import zones

pages = Blueprint("setup", __name__)
ALWAYS_OPEN = ("setup.", "sign_in.choose")


def register(app: Flask) -> None:
    """Lead every screen here while there is no clinic."""
    app.before_request(lead_to_setup)


def lead_to_setup() -> Response | None:
    """Before the clinic is set up, the one page that makes sense; programs are told by http_errors."""
    if request.path.startswith(session.WITHOUT_BROWSER) or clinic_is_set_up():
        return None
    if (request.endpoint or "").startswith(ALWAYS_OPEN):
        return None
    if "HX-Request" in request.headers:
        return Response("", 401, {"HX-Redirect": SETUP_PATH})
    return redirect(SETUP_PATH, 303)


@pages.get(SETUP_PATH)
@public
def form() -> Response | str:
    """The form; the start page where there is a clinic."""
    if clinic_is_set_up():
        return redirect(url_for("start.home"))
    locale = get_locale()
    return _page({"rooms": 1, "locale": locale.language if locale else "en"})


@pages.post(SETUP_PATH)
@public
def submit() -> Response | tuple[str, int, dict[str, str]]:
    """Set the clinic up and sign its first administrator in."""
    if clinic_is_set_up():
        return redirect(url_for("start.home"), 303)
    now, source = clock.now(), session.source()
    try:
        details = _entered()
        set_up_first(
            request.form.get("code", ""),
            details,
            secret_key=current_app.config["SETTINGS"].secret_key,
            source=source,
            actor=Actor(kind="command", id=None, name="first set-up", role=Role.ADMIN, source=source),
            now=now,
        )
    except SchedulerError as error:
        problem = problem_of(error)
        field = str(error.details.get("field", ""))
        errors = {field: say(error)} if field else {}
        page = _page(request.form, errors=errors, sentence=say(error))
        return page, problem.status, dict(problem.headers)
    current_app.config[SET_UP] = True
    g.pop("desk", None)
    secret = sign_in(details.admin_email, details.password, source=source, now=now)
    notice(gettext("%(name)s is set up. Next, add who treats.", name=details.clinic))
    response = redirect(url_for("settings.overview"), 303)
    session.keep_secret(response, secret)
    return response


def _entered() -> FirstSetup:
    entered = request.form
    rooms = entered.get("rooms", "").strip()
    if not (rooms.isascii() and rooms.isdecimal() and len(rooms) < 4):
        raise InvalidInput("A location has 0 to 100 rooms.", field="rooms")
    if entered.get("password") != entered.get("repeated"):
        raise InvalidInput("The two passwords differ.", field="repeated")
    texts = {name: entered.get(name, "") for name in FirstSetup.__slots__ if name not in {"rooms", "locale"}}
    return FirstSetup(**texts, rooms=int(rooms), locale=entered.get("locale", "en"))


def _page(values: object, **more: object) -> str:
    return render_template(
        "setup.html", **{"values": values, "zones": zones(), "errors": {}, "sentence": None} | more
    )
