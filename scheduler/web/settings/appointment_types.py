"""Appointment types."""

from flask import request
from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.models import AppointmentType
from scheduler.usecases.clinic import appointment_types as kinds
from scheduler.usecases.clinic.appointment_types import TypeDetails
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.practitioners.adding import DRY_NEEDLING
from scheduler.web.settings.frame import (
    Answer,
    archived,
    by,
    carry_out,
    deleted,
    in_use_again,
    lead_on,
    number,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)

FRESH = {
    "duration_minutes": 30,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "needs_room": True,
    "needs_credential": DRY_NEEDLING,
    "is_needling": True,
    "colour": "#2f7d6b",
}


@pages.get("/types")
@guard("clinic.read")
def types() -> str:
    """Every type, and the archive."""
    return show("types.html", "types", types=kinds.list_all_types())


@pages.get("/types/new")
@guard("clinic.write")
def type_new() -> str:
    """The empty form."""
    return show("type.html", "types", values=FRESH, kind=None)


@pages.post("/types/new")
@guard("clinic.write")
def type_add() -> Answer:
    """Add a type."""
    try:
        kind = kinds.add_type(_entered(), **by())
    except SchedulerError as error:
        return show_again(error, "type.html", "types", kind=None)
    return lead_on(gettext("%(name)s is added.", name=kind.name), to("types"))


@pages.get("/types/<int:type_id>")
@guard("clinic.write")
def type_edit(type_id: int) -> str:
    """One type, to be changed."""
    kind = kinds.get_type(type_id)
    return show("type.html", "types", values=_known(kind), kind=kind, seen=stamp_of(kind))


@pages.post("/types/<int:type_id>")
@guard("clinic.write")
def type_change(type_id: int) -> Answer:
    """Keep what was entered."""
    try:
        kinds.change_type(type_id, _entered(), seen=seen(), **by())
    except SchedulerError as error:
        kind = kinds.get_type(type_id)
        return show_again(error, "type.html", "types", known=_known(kind), kind=kind, seen=stamp_of(kind))
    return lead_on(gettext("The changes are kept."), to("types"))


@pages.post("/types/<int:type_id>/archive")
@guard("clinic.write")
def type_archive(type_id: int) -> Response:
    """Offer a type no more."""
    return carry_out(lambda: kinds.archive_type(type_id, **by()), archived, to("types"))


@pages.post("/types/<int:type_id>/restore")
@guard("clinic.write")
def type_restore(type_id: int) -> Response:
    """Offer a type again."""
    return carry_out(lambda: kinds.restore_type(type_id, **by()), in_use_again, to("types"))


@pages.post("/types/<int:type_id>/delete")
@guard("clinic.write")
def type_delete(type_id: int) -> Response:
    """Delete a type that was never used."""
    return carry_out(lambda: kinds.delete_type(type_id, **by()), deleted, to("types"))


def _entered() -> TypeDetails:
    return TypeDetails(
        name=text("name"),
        duration_minutes=number("duration_minutes"),
        buffer_before_minutes=number("buffer_before_minutes", 0),
        buffer_after_minutes=number("buffer_after_minutes", 0),
        needs_room="needs_room" in request.form,
        needs_credential=text("needs_credential"),
        is_needling="is_needling" in request.form,
        colour=text("colour"),
        may_resize="may_resize" in request.form,
        patients_may_move="patients_may_move" in request.form,
    )


def _known(kind: AppointmentType) -> dict[str, object]:
    return {name: getattr(kind, name) for name in TypeDetails.__slots__}
