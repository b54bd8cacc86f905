"""Protocols as they are set up, in and out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scheduler.api.answers import utc_or_none
from scheduler.api.fields import Input, Many, Number, Part, Text
from scheduler.api.schemas.catalogue import ProtocolSchema, protocol_json
from scheduler.api.schemas.common import instant, text
from scheduler.api.schemas.plans import NewPhase, phase_wishes
from scheduler.models import Protocol
from scheduler.usecases.edits import LONGEST_NAME, LONGEST_PROSE, STAMP_LENGTH
from scheduler.usecases.plans.prescribing import MOST_SESSIONS
from scheduler.usecases.plans.protocols import (
    LATEST_REVIEW_MONTHS,
    MOST_REVIEWS,
    ProtocolDetails,
    details_of,
    protocol_stamp,
)


class NewProtocol(Input):
    """A prescription to copy from."""

    name = Text(LONGEST_NAME, shortest=1, required=True)
    phases = Many(Part(NewPhase), MOST_SESSIONS, least=1, required=True)
    condition = Text(LONGEST_NAME)
    source = Text(LONGEST_PROSE, metadata={"description": "The trial or the reasoning behind it."})
    review_months = Many(
        Number(1, LATEST_REVIEW_MONTHS),
        MOST_REVIEWS,
        metadata={"description": "Review points, in months after the last session."},
    )


class ProtocolChange(NewProtocol):
    """What changes of a protocol; the rest stays."""

    seen = Text(STAMP_LENGTH, required=True, metadata={"description": "The one that you read."})
    name = Text(LONGEST_NAME, shortest=1)
    phases = Many(Part(NewPhase), MOST_SESSIONS, least=1)


class ProtocolSettingsSchema(ProtocolSchema):
    """A protocol as it is set up."""

    archived_at = instant(none=True)
    seen = text(
        "Changes with every edit; send it back with yours. `version` counts what plans are copies of."
    )


def protocol_details(body: Mapping[str, Any], known: Protocol | None = None) -> ProtocolDetails:
    """A body as the use case takes it; what is not given is as in ``known``."""
    given = dict(body)
    if "phases" in given:
        given["phases"] = phase_wishes(given["phases"])
    return replace(details_of(known), **given) if known is not None else ProtocolDetails(**given)


def protocol_settings_json(row: Protocol) -> dict[str, Any]:
    """A protocol with what an edit needs."""
    return {**protocol_json(row), "archived_at": utc_or_none(row.archived_at), "seen": protocol_stamp(row)}
