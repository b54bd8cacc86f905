"""What the clinic's screens share: their sub-navigation, reading forms, and saying what was wrong beside the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Protocol

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, may
from scheduler.errors import InvalidInput, SchedulerError, StaleVersion
from scheduler.http_errors import problem_of, say
from scheduler.web.notices import BAD, notice

pages = Blueprint("settings", __name__, url_prefix="/clinic")
Answer = Response | str | tuple[str, int]


class Named(Protocol):
    """A row with a name on screen."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Section:
    """One way through the sub-navigation."""

    key: str
    endpoint: str
    label: LazyString
    permission: str = "clinic.read"


SECTIONS = (
    Section("overview", "settings.overview", _l("Overview")),
    Section("details", "settings.details", _l("Details")),
    Section("locations", "settings.locations", _l("Locations and rooms")),
    Section("practitioners", "settings.practitioners", _l("Practitioners")),
    Section("types", "settings.types", _l("Appointment types")),
    Section("protocols", "settings.protocols", _l("Protocols")),
    Section("holidays", "settings.holidays", _l("Public holidays")),
    Section("reminders", "settings.reminders", _l("Reminders")),
    Section("mails", "settings.mail_texts", _l("Mail texts")),
    Section("staff", "settings.staff", _l("Staff"), "clinic.write"),
    Section("keys", "settings.keys", _l("API keys"), "clinic.write"),
)


def show(template: str, section: str, **values: Any) -> str:
    """A page of a section."""
    return render_template(
        f"settings/{template}",
        section=section,
        sections=[each for each in SECTIONS if may(each.permission)],
        **{"errors": {}, "stored": {}, "sentence": None, **values},
    )


def show_again(
    error: SchedulerError,
    template: str,
    section: str,
    *,
    known: Mapping[str, Any] | None = None,
    **values: Any,
) -> tuple[str, int]:
    """The form as it was sent, the error beside its field and, if it is stale, what is stored now (``known``)."""
    field = error.details.get("field")
    entered = request.form
    stored: dict[str, Any] = {}
    if isinstance(error, StaleVersion):
        stored = {
            name: value
            for name, value in (known or {}).items()
            if str(value if value is not None else "") != entered.get(name, "")
        }
    page = show(
        template,
        section,
        values=entered,
        errors={field: say(error)} if field else {},
        sentence=say(error),
        stored=stored,
        **values,
    )
    return page, problem_of(error).status


def carry_out(deed: Callable[[], object], done: Callable[[Any], str], back: str) -> Response:
    """Do something that asks for no entries; then, or if it is refused, say so on the page at ``back``."""
    try:
        result = deed()
    except SchedulerError as error:
        notice(say(error), BAD)
        return redirect(back, 303)
    return lead_on(done(result), back)


def lead_on(sentence: str, address: str) -> Response:
    """Say what was done, on the page at ``address``."""
    notice(sentence)
    return redirect(address, 303)


def archived(row: Named) -> str:
    """For carry_out."""
    return gettext("%(name)s is archived.", name=row.name)


def in_use_again(row: Named) -> str:
    """For carry_out."""
    return gettext("%(name)s is in use again.", name=row.name)


def deleted(name: str) -> str:
    """For carry_out: what has gone gives its name."""
    return gettext("%(name)s is deleted.", name=name)


def by() -> dict[str, Any]:
    """Who acts, and when."""
    return {"actor": current_actor(), "now": clock.now()}


def seen() -> str:
    """The stamp of what the form showed."""
    return request.form.get("seen", "")


def text(name: str) -> str:
    """A field as it was sent."""
    return request.form.get(name, "")


def number(name: str, default: int | None = None) -> int:
    """A whole number; ``default`` where it is empty. Raises InvalidInput."""
    entered = text(name).strip()
    if not entered and default is not None:
        return default
    if not (entered.isascii() and entered.isdecimal()) or len(entered) > 9:
        raise InvalidInput("Please enter a whole number.", field=name)
    return int(entered)


def number_or_none(name: str) -> int | None:
    """A whole number, or None where it is empty. Raises InvalidInput."""
    return number(name) if text(name).strip() else None


def day(name: str) -> date:
    """A date. Raises InvalidInput."""
    found = day_or_none(name)
    if found is None:
        raise InvalidInput("Please enter a date.", field=name)
    return found


def day_or_none(name: str) -> date | None:
    """A date, or None where it is empty. Raises InvalidInput."""
    entered = text(name).strip()
    try:
        return date.fromisoformat(entered) if entered else None
    except ValueError:
        raise InvalidInput("Please enter a date such as 2026-12-31.", field=name) from None


def minute_of_day(name: str) -> int:
    """A time of day in minutes. Raises InvalidInput."""
    try:
        at = time.fromisoformat(text(name).strip())
    except ValueError:
        raise InvalidInput("Please enter a time such as 08:00.", field=name) from None
    return at.hour * 60 + at.minute


def clock_text(minute: int) -> str:
    """08:00 for 480, 24:00 for the end of the day: for ``<input type="time">`` and lists."""
    return f"{minute // 60:02}:{minute % 60:02}"


def to(endpoint: str, **values: Any) -> str:
    """The address of another screen of the clinic."""
    return url_for(f"settings.{endpoint}", **values)
