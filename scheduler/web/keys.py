"""Single keys: whether this person wants them (WCAG 2.1.4)."""

from flask import Blueprint, g, redirect, request
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.usecases.staff_settings import change_settings
from scheduler.web.links import local_path

pages = Blueprint("keys", __name__, url_prefix="/keys")


@pages.post("")
@guard("account")
def switch() -> Response:
    """Switch single keys on or off for this person, on every computer."""
    wanted = "off" if request.form.get("keys") == "off" else "on"
    change_settings(g.signed_in.staff_id, {"keys": wanted}, actor=current_actor(), now=clock.now())
    return redirect(local_path(request.form.get("next")), 303)
