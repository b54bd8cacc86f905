"""Credentials of practitioners."""

from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.models import Credential
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.practitioners import records
from scheduler.usecases.practitioners.adding import DRY_NEEDLING, HeldCredential
from scheduler.web import once
from scheduler.web.settings.frame import (
    Answer,
    by,
    carry_out,
    day,
    day_or_none,
    lead_on,
    number_or_none,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)

ENTERED = ("kind", "issuer", "number", "training_hours", "issued_on", "expires_on")


@pages.get("/practitioners/<int:practitioner_id>/credentials/new")
@guard("clinic.write")
def credential_new(practitioner_id: int) -> str:
    """The empty form."""
    person = records.get_practitioner(practitioner_id)
    values = {"kind": DRY_NEEDLING}
    return show(
        "credential.html",
        "practitioners",
        values=values,
        who=person,
        credential=None,
        form_key=once.new_key(),
    )


@pages.post("/practitioners/<int:practitioner_id>/credentials/new")
@guard("clinic.write")
def credential_add(practitioner_id: int) -> Answer:
    """Add a credential."""
    try:
        records.add_credential(
            practitioner_id,
            _entered(),
            training_hours=number_or_none("training_hours"),
            idempotency=once.asked_once(),
            **by(),
        )
    except SchedulerError as error:
        person = records.get_practitioner(practitioner_id)
        return show_again(
            error,
            "credential.html",
            "practitioners",
            who=person,
            credential=None,
            form_key=text(once.FIELD),
        )
    return lead_on(gettext("The credential is added."), to("practitioner", practitioner_id=practitioner_id))


@pages.get("/credentials/<int:credential_id>")
@guard("clinic.write")
def credential(credential_id: int) -> str:
    """One credential, to be changed."""
    row = records.get_credential(credential_id)
    return show("credential.html", "practitioners", values=_known(row), **_around(row))


@pages.post("/credentials/<int:credential_id>")
@guard("clinic.write")
def credential_change(credential_id: int) -> Answer:
    """Keep what was entered."""
    try:
        row = records.change_credential(
            credential_id, _entered(), training_hours=number_or_none("training_hours"), seen=seen(), **by()
        )
    except SchedulerError as error:
        row = records.get_credential(credential_id)
        return show_again(error, "credential.html", "practitioners", known=_known(row), **_around(row))
    return lead_on(gettext("The changes are kept."), to("practitioner", practitioner_id=row.practitioner_id))


@pages.post("/credentials/<int:credential_id>/delete")
@guard("clinic.write")
def credential_delete(credential_id: int) -> Response:
    """Delete a credential that nothing leans on."""
    row = records.get_credential(credential_id)
    return carry_out(
        lambda: records.delete_credential(credential_id, **by()),
        lambda _row: gettext("The credential is deleted."),
        to("practitioner", practitioner_id=row.practitioner_id),
    )


def _entered() -> HeldCredential:
    return HeldCredential(
        day("issued_on"), day_or_none("expires_on"), text("issuer"), text("number"), text("kind")
    )


def _around(row: Credential) -> dict[str, object]:
    person = records.get_practitioner(row.practitioner_id)
    return {"credential": row, "who": person, "seen": stamp_of(row)}


def _known(row: Credential) -> dict[str, object]:
    return {name: getattr(row, name) for name in ENTERED}
