"""Secret calendar addresses."""

from typing import Any

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Input, Number, Text
from scheduler.api.schemas.common import Output, instant, page_of, text, whole
from scheduler.calendars.links import FeedLinks
from scheduler.models import FeedDetail, FeedToken
from scheduler.usecases.feed_options import (
    LONGEST_ALARM_MINUTES,
    LONGEST_NAME,
)


class NewFeedToken(Input):
    """A calendar address to make; everything may be left out."""

    name = Text(LONGEST_NAME, load_default="", metadata={"description": "Tells several apart: phone, work."})
    detail = Choice(
        FeedDetail,
        load_default=FeedDetail.MINIMAL.value,
        metadata={"description": "minimal gives nothing away; full shows type, session number and names."},
    )
    alarm_minutes = Number(
        0,
        LONGEST_ALARM_MINUTES,
        allow_none=True,
        load_default=None,
        metadata={"description": "An alarm so long before each start."},
    )


class IssuedFeedTokenSchema(Output):
    """A new address. All its forms hold the secret, which is shown only now."""

    id = whole()
    url = text()
    webcal_url = text("Opens the calendar program of a phone or computer.")
    google_url = text("Adds it to Google Calendar.")
    outlook_url = text("Adds it to Outlook.")


class FeedTokenSchema(Output):
    """An address that is in use, without its secret."""

    id = whole()
    name = text()
    detail = text("minimal or full")
    alarm_minutes = whole(none=True)
    created_at = instant()
    last_fetched_at = instant("To the hour.", none=True)


FeedTokenPage = page_of(FeedTokenSchema)


def issued_json(number: int, links: FeedLinks) -> dict[str, Any]:
    """A new address in all its forms."""
    return {"id": number, **picked(links, "url", "webcal_url", "google_url", "outlook_url")}


def feed_token_json(row: FeedToken) -> dict[str, Any]:
    """An address without its secret."""
    return {
        **picked(row, "id", "name", "detail", "alarm_minutes"),
        "created_at": utc(row.created_at),
        "last_fetched_at": utc_or_none(row.last_fetched_at),
    }
