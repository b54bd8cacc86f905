"""Practitioners: adding them with their first hours, changing and archiving them."""

from collections import defaultdict
from datetime import date

from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.models import Practitioner
from scheduler.usecases.clinic.catalogue import list_locations
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.practitioners import records
from scheduler.usecases.practitioners.adding import HeldCredential, PractitionerDetails, add_practitioner
from scheduler.usecases.practitioners.records import WARN_AHEAD, ExpiringCredential, PractitionerRecord
from scheduler.web import once
from scheduler.web.formats import local
from scheduler.web.settings.frame import (
    Answer,
    by,
    carry_out,
    clock_text,
    day,
    day_or_none,
    lead_on,
    minute_of_day,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)
from scheduler.web.settings.week import entered_week

USUAL_WEEK = {f"hours_{weekday}": "09:00–12:00, 13:00–17:00" for weekday in range(5)}
"""What a new practitioner's form begins with."""


def _today() -> date:
    return local(clock.now()).date()


@pages.get("/practitioners")
@guard("clinic.read")
def practitioners() -> str:
    """Everybody who treats, with hours and credentials; what ends soon stands in the row."""
    ending: dict[int, list[ExpiringCredential]] = defaultdict(list)
    for credential in records.expiring_credentials(today=_today()):
        ending[credential.practitioner_id].append(credential)
    people = records.list_all_practitioners()
    places = {place.id: place.name for place in list_locations().items}
    return show(
        "practitioners.html", "practitioners", people=people, ending=ending, places=places, today=_today()
    )


@pages.get("/practitioners/new")
@guard("clinic.write")
def practitioner_new() -> str:
    """The empty form, with a usual week to be changed."""
    values = {**USUAL_WEEK, "hours_from": _today().isoformat()}
    places = list_locations().items
    return show(
        "practitioner_new.html", "practitioners", values=values, places=places, form_key=once.new_key()
    )


@pages.post("/practitioners/new")
@guard("clinic.write")
def practitioner_add() -> Answer:
    """Add somebody who treats."""
    places = list_locations().items
    try:
        row = add_practitioner(
            PractitionerDetails(text("given_name"), text("family_name"), text("email")),
            entered_week(),
            _first_credential(),
            location=next((each.name for each in places if str(each.id) == text("location_id")), None),
            hours_from=day_or_none("hours_from"),
            idempotency=once.asked_once(),
            **by(),
        )
    except SchedulerError as error:
        return show_again(
            error, "practitioner_new.html", "practitioners", places=places, form_key=text(once.FIELD)
        )
    return lead_on(
        gettext("%(name)s can be booked from now on.", name=row.name),
        to("practitioner", practitioner_id=row.id),
    )


def _first_credential() -> HeldCredential | None:
    """The credential for needling, if there is one."""
    if not text("issued_on").strip():
        if any(text(name).strip() for name in ("expires_on", "issuer", "number")):
            raise InvalidInput("Please enter since when the credential holds.", field="issued_on")
        return None
    return HeldCredential(day("issued_on"), day_or_none("expires_on"), text("issuer"), text("number"))


@pages.get("/practitioners/<int:practitioner_id>")
@guard("clinic.read")
def practitioner(practitioner_id: int) -> str:
    """One practitioner: details, credentials, and the way to the hours."""
    row = records.get_practitioner(practitioner_id)
    return show("practitioner.html", "practitioners", values=_known(row), **_around(row))


@pages.post("/practitioners/<int:practitioner_id>")
@guard("clinic.write")
def practitioner_change(practitioner_id: int) -> Answer:
    """Keep what was entered."""
    try:
        details = PractitionerRecord(
            text("given_name"),
            text("family_name"),
            text("email"),
            text("colour"),
            text("locale"),
            minute_of_day("day_list_at") if text("day_list_at").strip() else None,
        )
        row = records.change_practitioner(practitioner_id, details, seen=seen(), **by())
    except SchedulerError as error:
        row = records.get_practitioner(practitioner_id)
        return show_again(error, "practitioner.html", "practitioners", known=_known(row), **_around(row))
    return lead_on(gettext("The changes are kept."), to("practitioner", practitioner_id=row.id))


@pages.post("/practitioners/<int:practitioner_id>/archive")
@guard("clinic.write")
def practitioner_archive(practitioner_id: int) -> Response:
    """Book a practitioner no more."""

    def said(done: tuple[Practitioner, int]) -> str:
        row, plans = done
        sentence = gettext("%(name)s is archived.", name=row.name)
        if plans:
            sentence += " " + ngettext(
                "%(num)d running plan was prescribed by them: its sessions need somebody else.",
                "%(num)d running plans were prescribed by them: their sessions need somebody else.",
                plans,
            )
        return sentence

    return carry_out(lambda: records.archive_practitioner(practitioner_id, **by()), said, to("practitioners"))


@pages.post("/practitioners/<int:practitioner_id>/restore")
@guard("clinic.write")
def practitioner_restore(practitioner_id: int) -> Response:
    """Book a practitioner again."""
    return carry_out(
        lambda: records.restore_practitioner(practitioner_id, **by()),
        lambda row: gettext("%(name)s can be booked again.", name=row.name),
        to("practitioners"),
    )


def _around(row: Practitioner) -> dict[str, object]:
    return {"who": row, "seen": stamp_of(row), "today": _today(), "warn_until": _today() + WARN_AHEAD}


def _known(row: Practitioner) -> dict[str, object]:
    at = row.day_list_minute
    known = {name: getattr(row, name) for name in ("given_name", "family_name", "email", "colour", "locale")}
    return known | {"day_list_at": "" if at is None else clock_text(at)}
