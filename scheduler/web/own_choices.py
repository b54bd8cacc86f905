"""What a person chooses for themselves: their language, and whether single keys do something (WCAG 2.1.4)."""

from flask import Blueprint, g, redirect, request, url_for
from flask_babel import force_locale, gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.usecases.staff.settings import change_language, change_settings
from scheduler.web.links import local_path
from scheduler.web.notices import notice

pages = Blueprint("own_choices", __name__, url_prefix="/account")


@pages.post("/keys")
@guard("account")
def switch_keys() -> Response:
    """Switch single keys on or off for this person, on every computer."""
    wanted = "off" if request.form.get("keys") == "off" else "on"
    change_settings(g.signed_in.staff_id, {"keys": wanted}, actor=current_actor(), now=clock.now())
    return redirect(local_path(request.form.get("next")), 303)


@pages.post("/language")
@guard("account")
def choose_language() -> Response:
    """Choose the language of one's screens; none means the clinic's."""
    wanted = request.form.get("locale") or None
    change_language(g.signed_in.staff_id, wanted, actor=current_actor(), now=clock.now())
    with force_locale(wanted or "en"):
        notice(gettext("Your language is changed."))
    return redirect(url_for("sign_in.account"), 303)
