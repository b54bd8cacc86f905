"""The waitlist: who wants a slot that there was not, and booking one from there."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import Urgency, WaitlistEntry
from scheduler.usecases.clinic.catalogue import list_appointment_types, list_locations, list_practitioners
from scheduler.usecases.gaps import waitlist
from scheduler.usecases.gaps.waitlist import EntryWish
from scheduler.usecases.gaps.waitlist_slots import slots_for_entry
from scheduler.usecases.patients.registry import find_patients, name_patient
from scheduler.web import once
from scheduler.web.formats import local
from scheduler.web.notices import BAD, notice
from scheduler.web.requests import page_number

pages = Blueprint("waitlist", __name__, url_prefix="/waitlist")
PAGE_SIZE = 50
FOUND = 10
WAITS_DAYS = 56
Answer = Response | str | tuple[str, int]


@pages.get("")
@guard("patients.read")
def index() -> str:
    """Entries, the most urgent and then the longest waiting first; or the closed ones."""
    page, closed = page_number(), request.args.get("which") == "closed"
    found = waitlist.list_waitlist(closed=closed, page=page, page_size=PAGE_SIZE)
    return render_template(
        "waitlist/index.html", found=found, page=page, page_size=PAGE_SIZE, closed=closed, **_known()
    )


@pages.get("/new")
@guard("gaps.write")
def new() -> str:
    """Whose entry it is to be, then the form."""
    patient_id = request.args.get("patient_id", type=int)
    if patient_id is None:
        q = request.args.get("q", "").strip()[:200]
        return render_template(
            "waitlist/whose.html", q=q, found=find_patients(q, page_size=FOUND) if q else None
        )
    today = local(clock.now()).date()
    until = today + timedelta(days=WAITS_DAYS)
    return _form(patient_id, {"wanted_from": today.isoformat(), "wanted_until": until.isoformat()})


@pages.post("/new")
@guard("gaps.write")
def add() -> Answer:
    """Enter the patient."""
    patient_id = request.form.get("patient_id", 0, type=int)
    try:
        entry = waitlist.add_to_waitlist(
            patient_id, _entered(), actor=current_actor(), now=clock.now(), idempotency=once.asked_once()
        )
    except NotFound:
        raise
    except SchedulerError as error:
        return _form(patient_id, request.form, error=error), problem_of(error).status
    notice(gettext("Entered on the waitlist."))
    return redirect(url_for(".show", entry_id=entry.id), 303)


@pages.get("/<int:entry_id>")
@guard("patients.read")
def show(entry_id: int) -> str:
    """An entry: what is free for it now, and the form."""
    return _entry(waitlist.get_entry(entry_id))


@pages.post("/<int:entry_id>")
@guard("gaps.write")
def change(entry_id: int) -> Answer:
    """Change what is waited for."""
    try:
        wish = _entered()
        changes = {name: getattr(wish, name) for name in EntryWish.__dataclass_fields__}
        version = request.form.get("version", 0, type=int)
        waitlist.change_entry(entry_id, changes, version=version, actor=current_actor(), now=clock.now())
    except NotFound:
        raise
    except SchedulerError as error:
        return _entry(waitlist.get_entry(entry_id), error=error), problem_of(error).status
    notice(gettext("The entry is changed."))
    return redirect(url_for(".show", entry_id=entry_id), 303)


@pages.post("/<int:entry_id>/close")
@guard("gaps.write")
def close(entry_id: int) -> Response:
    """Take the entry off the list."""
    version = request.form.get("version", 0, type=int)
    try:
        waitlist.close_entry(
            entry_id,
            why=request.form.get("why", ""),
            version=version,
            actor=current_actor(),
            now=clock.now(),
        )
        notice(gettext("The entry is closed."))
    except NotFound:
        raise
    except SchedulerError as error:
        notice(say(error), BAD)
    return redirect(url_for(".index"), 303)


def _entry(entry: WaitlistEntry, error: SchedulerError | None = None) -> str:
    known: Mapping[str, Any] = request.form if error is not None else _values(entry)
    free = [] if entry.closed_at is not None else slots_for_entry(entry.id, now=clock.now())
    return _form(entry.patient_id, known, entry=entry, free=free, error=error)


def _form(
    patient_id: int,
    values: Mapping[str, Any],
    *,
    entry: WaitlistEntry | None = None,
    free: object = (),
    error: SchedulerError | None = None,
) -> str:
    patient = name_patient(patient_id)
    if patient is None:
        raise NotFound(what="patient")
    several = hasattr(values, "getlist")
    return render_template(
        "waitlist/entry.html",
        patient=patient,
        entry=entry,
        free=free,
        values=values,
        weekdays={
            str(day) for day in (values.getlist("weekdays") if several else values.get("weekdays", ()))
        },
        people={
            str(number)
            for number in (
                values.getlist("practitioner_ids") if several else values.get("practitioner_ids", ())
            )
        },
        urgencies=list(Urgency),
        sentence=say(error) if error is not None else None,
        form_key=once.new_key(),
        **_known(),
    )


def _values(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        **{name: getattr(entry, name) for name in EntryWish.__dataclass_fields__},
        "wanted_from": entry.wanted_from.isoformat(),
        "wanted_until": entry.wanted_until.isoformat(),
        "from": _clock(entry.from_minute),
        "until": _clock(entry.until_minute),
    }


def _entered() -> EntryWish:
    """The form as a wish. Raises InvalidInput for what is no date or time."""
    entered = request.form
    return EntryWish(
        appointment_type_id=entered.get("appointment_type_id", 0, type=int),
        wanted_from=_day(entered.get("wanted_from", "")),
        wanted_until=_day(entered.get("wanted_until", "")),
        practitioner_ids=entered.getlist("practitioner_ids", type=int),
        location_id=entered.get("location_id", type=int),
        weekdays=entered.getlist("weekdays", type=int),
        from_minute=_minute(entered.get("from", "")),
        until_minute=_minute(entered.get("until", "")),
        urgency=entered.get("urgency", ""),
        note=entered.get("note", ""),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("Please enter both days.", field="wanted_until") from None


def _minute(text: str) -> int | None:
    """Minutes since midnight; None for nothing. Raises InvalidInput."""
    if not text:
        return None
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute[:2].isdecimal() and int(hour) < 24 and int(minute[:2]) < 60):
        raise InvalidInput("Please enter a time such as 14:30.", field="from")
    return int(hour) * 60 + int(minute[:2])


def _clock(minute: int | None) -> str:
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def _known() -> dict[str, Any]:
    return {
        "practitioners": {person.id: person.name for person in list_practitioners().items},
        "places": {place.id: place for place in list_locations().items},
        "kinds": list_appointment_types().items,
    }
