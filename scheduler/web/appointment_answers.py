"""How the screens of one appointment answer: to the diary's script, as the body of its panel, or as a page."""

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from scheduler.errors import NeedsOverride, SchedulerError
from scheduler.models import Appointment
from scheduler.web.formats import local
from scheduler.web.notices import notice
from scheduler.web.requests import wants_fragment
from scheduler.web.who_changed import say_who

Answer = AnyResponse | str | tuple[str, int]


def done(appointment: Appointment, sentence: str) -> AnyResponse:
    """Tell the script, or go back to the day in the diary."""
    if wants_json() or wants_fragment():
        return jsonify(sentence=sentence, id=appointment.id, version=appointment.version)
    notice(sentence)
    day = local(appointment.starts_at, appointment.location.zone).date()
    return redirect(url_for("diary.show", on=day.isoformat()), 303)


def refusal(error: SchedulerError, status: int) -> Response:
    """Why not, for the script."""
    response = jsonify(
        code=error.code, sentence=say_who(error), needs_reason=isinstance(error, NeedsOverride)
    )
    response.status_code = status
    return response


def wants_json() -> bool:
    """Whether a script asks for nothing but the result."""
    return request.accept_mimetypes.best == "application/json"


def panel(template: str, **values: object) -> str:
    """A page, or only its body where the panel asks."""
    return render_template(
        template, frame="bare_fragment.html" if wants_fragment() else "base.html", **values
    )


def number(text: str | None) -> int | None:
    """A number as addresses and forms carry it, None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None
