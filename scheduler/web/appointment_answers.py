"""How the screens of one appointment answer: to the diary's script, as the body of its panel, or as a page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from scheduler.errors import InvalidInput, NeedsOverride, SchedulerError
from scheduler.models import Appointment
from scheduler.usecases.booking.state import MOVABLE
from scheduler.web import session
from scheduler.web.formats import local, wall_day, wall_time
from scheduler.web.notices import notice
from scheduler.web.requests import wants_fragment
from scheduler.web.wall_times import instant_on
from scheduler.web.who_changed import say_who

Answer = AnyResponse | str | tuple[str, int]


def done(appointment: Appointment, sentence: str) -> AnyResponse:
    """Tell the script, or go back to the day in the diary."""
    if wants_json() or wants_fragment():
        zone = appointment.location.zone
        known = _state(appointment.version, appointment.starts_at, zone, appointment.status)
        return jsonify(sentence=sentence, id=appointment.id, location=appointment.location_id, **known)
    notice(sentence)
    day = local(appointment.starts_at, appointment.location.zone).date()
    return redirect(url_for("diary.show", on=day.isoformat()), 303)


def refusal(error: SchedulerError, status: int) -> Response:
    """Why not, for the script; where somebody was quicker, with how it is now."""
    response = jsonify(
        code=error.code,
        sentence=say_who(error),
        needs_reason=isinstance(error, NeedsOverride),
        now=_state_now(error.details.get("current")),
    )
    response.status_code = status
    return response


def _state_now(current: Any) -> dict[str, object] | None:
    """The appointment of a stale change as it is now, of which the error tells."""
    if not current or "starts_at" not in current:
        return None
    zones = {place.id: place.zone for place in session.desk().places}
    starts_at = datetime.fromisoformat(current["starts_at"])
    zone = zones.get(current["location_id"], session.desk().here.zone)
    return _state(current["version"], starts_at, zone, current["status"])


def _state(version: int, starts_at: datetime, zone: str, status: str) -> dict[str, object]:
    """What somebody who has it in hand needs to know of it."""
    return {
        "version": version,
        "on": wall_day(starts_at, zone),
        "at": wall_time(starts_at, zone),
        "movable": status in MOVABLE,
    }


def wants_json() -> bool:
    """Whether a script asks for nothing but the result."""
    return request.accept_mimetypes.best == "application/json"


def panel(template: str, **values: object) -> str:
    """A page, or only its body where the panel asks."""
    return render_template(
        template, frame="bare_fragment.html" if wants_fragment() else "base.html", **values
    )


def target_in(entered: Mapping[str, str], zone: str) -> tuple[datetime, int | None, int | None]:
    """Where to move: an offered ``epoch seconds|practitioner|location``, else day, time and person; None: as it is.

    Raises InvalidInput.
    """
    chosen = entered.get("slot")
    if not chosen:
        starts_at = instant_on(entered.get("on", ""), entered.get("at", ""), zone)
        return starts_at, number(entered.get("practitioner_id")), None
    try:
        start, practitioner_id, location_id = (int(part) for part in chosen.split("|"))
        return datetime.fromtimestamp(start, UTC), practitioner_id, location_id
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("The choice cannot be read. Please choose again.", field="starts_at") from None


def number(text: str | None) -> int | None:
    """A number as addresses and forms carry it, None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None
