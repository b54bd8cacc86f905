"""Protocols with their phases."""

import re
from typing import Any

from flask import redirect, request
from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.models import Protocol
from scheduler.usecases.clinic.catalogue import list_appointment_types
from scheduler.usecases.plans import protocols as prescriptions
from scheduler.usecases.plans.prescribing import PhaseWish
from scheduler.usecases.plans.protocols import ProtocolDetails, protocol_stamp
from scheduler.web.notices import BAD, notice
from scheduler.web.settings.frame import (
    Answer,
    archived,
    by,
    carry_out,
    deleted,
    in_use_again,
    lead_on,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)

PHASE_FIELDS = ("sessions", "min_days", "ideal_days", "max_days", "type_id")
SPARE_ROWS, MOST_ROWS = 2, 12


@pages.get("/protocols")
@guard("clinic.read")
def protocols() -> str:
    """Every protocol in use, and the archive with former versions."""
    return show("protocols.html", "protocols", listed=prescriptions.list_all_protocols())


@pages.get("/protocols/new")
@guard("clinic.write")
def protocol_new() -> str:
    """The empty form."""
    return show("protocol.html", "protocols", values={"review_months": "1, 3, 6"}, **_around(None, []))


@pages.post("/protocols/new")
@guard("clinic.write")
def protocol_add() -> Answer:
    """Add a protocol."""
    try:
        protocol = prescriptions.add_protocol(_entered(), **by())
    except SchedulerError as error:
        return show_again(error, "protocol.html", "protocols", **_around(None, _sent_rows()))
    return lead_on(gettext("%(name)s is added.", name=protocol.name), to("protocols"))


@pages.get("/protocols/<int:protocol_id>")
@guard("clinic.write")
def protocol(protocol_id: int) -> Answer:
    """One protocol, to be changed; what is archived is shown in the list, where it can be brought back."""
    row = prescriptions.get_protocol(protocol_id)
    if row.archived_at is not None:
        notice(gettext("%(name)s is archived. Bring it back to change it.", name=row.name), BAD)
        return redirect(to("protocols"), 303)
    return show("protocol.html", "protocols", values=_known(row), **_around(row, _stored_rows(row)))


@pages.post("/protocols/<int:protocol_id>")
@guard("clinic.write")
def protocol_change(protocol_id: int) -> Answer:
    """Keep what was entered; plans already written stay as they are."""
    try:
        row = prescriptions.change_protocol(protocol_id, _entered(), seen=seen(), **by())
    except SchedulerError as error:
        row = prescriptions.get_protocol(protocol_id)
        return show_again(
            error, "protocol.html", "protocols", known=_known(row), **_around(row, _sent_rows())
        )
    if row.id == protocol_id:
        notice(gettext("The changes are kept."))
    else:
        notice(
            gettext(
                "Kept as version %(version)s. Plans already written stay as they are.", version=row.version
            )
        )
    return redirect(to("protocols"), 303)


@pages.post("/protocols/<int:protocol_id>/archive")
@guard("clinic.write")
def protocol_archive(protocol_id: int) -> Response:
    """Offer a protocol no more."""
    return carry_out(lambda: prescriptions.archive_protocol(protocol_id, **by()), archived, to("protocols"))


@pages.post("/protocols/<int:protocol_id>/restore")
@guard("clinic.write")
def protocol_restore(protocol_id: int) -> Response:
    """Offer a version again."""
    return carry_out(
        lambda: prescriptions.restore_protocol(protocol_id, **by()), in_use_again, to("protocols")
    )


@pages.post("/protocols/<int:protocol_id>/delete")
@guard("clinic.write")
def protocol_delete(protocol_id: int) -> Response:
    """Delete a version from which no plan was written."""
    return carry_out(lambda: prescriptions.delete_protocol(protocol_id, **by()), deleted, to("protocols"))


def _entered() -> ProtocolDetails:
    return ProtocolDetails(
        name=text("name"),
        phases=[_phase(row) for row in _sent_rows()],
        condition=text("condition"),
        source=text("source"),
        review_months=_months(text("review_months")),
    )


def _sent_rows() -> list[dict[str, str]]:
    """The rows of the form in which something was entered, as it was sent."""
    columns = [request.form.getlist(name)[:MOST_ROWS] for name in PHASE_FIELDS]
    rows = [dict(zip(PHASE_FIELDS, row, strict=True)) for row in zip(*columns, strict=False)]
    return [row for row in rows if any(row[name].strip() for name in PHASE_FIELDS[:4])]


def _phase(row: dict[str, str]) -> PhaseWish:
    try:
        least, ideal, most = (int(row[name]) for name in ("min_days", "ideal_days", "max_days"))
        sessions, type_id = int(row["sessions"]), int(row["type_id"]) if row["type_id"] else None
    except ValueError:
        raise InvalidInput("Please enter four whole numbers for each phase.", field="phases") from None
    return PhaseWish(sessions, least, ideal, most, type_id)


def _months(entered: str) -> list[int]:
    parts = [part for part in re.split(r"[\s,;]+", entered) if part]
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
        raise InvalidInput("Enter months such as 1, 3, 6.", field="review_months")
    return [int(part) for part in parts]


def _stored_rows(row: Protocol) -> list[dict[str, object]]:
    return [
        {
            "sessions": phase.sessions,
            "min_days": phase.min_days,
            "ideal_days": phase.ideal_days,
            "max_days": phase.max_days,
            "type_id": phase.appointment_type_id or "",
        }
        for phase in row.phases
    ]


def _around(row: Protocol | None, rows: list[Any]) -> dict[str, object]:
    spare = [dict.fromkeys(PHASE_FIELDS, "")] * max(SPARE_ROWS, 3 - len(rows))
    return {
        "protocol": row,
        "rows": [*rows, *spare][:MOST_ROWS],
        "types": list_appointment_types().items,
        "seen": protocol_stamp(row) if row else "",
    }


def _known(row: Protocol) -> dict[str, object]:
    return {
        "name": row.name,
        "condition": row.condition,
        "source": row.source,
        "review_months": ", ".join(map(str, row.review_months)),
    }
