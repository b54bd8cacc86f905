"""Secret calendar addresses."""

from typing import Any

from scheduler import clock
from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Flag, Input, Number, Text
from scheduler.api.schemas.common import Output, flag, instant, page_of, text, whole
from scheduler.calendars.links import FeedLinks
from scheduler.models import FeedDetail, FeedToken
from scheduler.usecases.feeds.options import (
    AHEAD_DAYS,
    LONGEST_ALARM_MINUTES,
    LONGEST_NAME,
    MOST_AHEAD_DAYS,
    MOST_PAST_DAYS,
    PAST_DAYS,
)
from scheduler.usecases.feeds.silent import is_silent


class FeedTokenChange(Input):
    """What to change about a calendar address; what is left out stays."""

    name = Text(LONGEST_NAME)
    detail = Choice(FeedDetail)
    alarm_minutes = Number(0, LONGEST_ALARM_MINUTES, allow_none=True)
    past_days = Number(0, MOST_PAST_DAYS)
    ahead_days = Number(1, MOST_AHEAD_DAYS)
    shows_holds = Flag()


class NewFeedToken(Input):
    """A calendar address to make; everything may be left out."""

    name = Text(LONGEST_NAME, load_default="", metadata={"description": "Tells several apart: phone, work."})
    detail = Choice(
        FeedDetail,
        load_default=FeedDetail.MINIMAL.value,
        metadata={"description": "minimal gives nothing away; type and full say more."},
    )
    alarm_minutes = Number(
        0,
        LONGEST_ALARM_MINUTES,
        allow_none=True,
        load_default=None,
        metadata={"description": "An alarm so long before each start."},
    )
    past_days = Number(
        0,
        MOST_PAST_DAYS,
        load_default=PAST_DAYS,
        metadata={"description": "Events of so many days before today."},
    )
    ahead_days = Number(
        1,
        MOST_AHEAD_DAYS,
        load_default=AHEAD_DAYS,
        metadata={"description": "Events of so many days after today."},
    )
    shows_holds = Flag(
        load_default=False,
        metadata={"description": "Held slots appear as tentative; not for patients."},
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
    detail = text("minimal, type or full")
    alarm_minutes = whole(none=True)
    past_days = whole()
    ahead_days = whole()
    shows_holds = flag("Held slots appear as tentative.")
    created_at = instant()
    last_fetched_at = instant("To the hour.", none=True)
    client = text(
        "Family of the calendar program that fetched last: google, apple, outlook, thunderbird, other."
    )
    is_silent = flag("It has not fetched for 7 days although something changed since.")


FeedTokenPage = page_of(FeedTokenSchema)


def issued_json(number: int, links: FeedLinks) -> dict[str, Any]:
    """A new address in all its forms."""
    return {"id": number, **picked(links, "url", "webcal_url", "google_url", "outlook_url")}


def feed_token_json(row: FeedToken) -> dict[str, Any]:
    """An address without its secret."""
    return {
        **picked(
            row, "id", "name", "detail", "alarm_minutes", "past_days", "ahead_days", "shows_holds", "client"
        ),
        "is_silent": is_silent(row, now=clock.now()),
        "created_at": utc(row.created_at),
        "last_fetched_at": utc_or_none(row.last_fetched_at),
    }
