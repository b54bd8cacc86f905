"""Calendars that have not looked for long although something changed: they show what is over."""

from datetime import datetime, timedelta

from scheduler.models import FeedToken
from scheduler.usecases.feeds.tokens import FETCH_NOTED_EVERY

SILENT_AFTER = timedelta(days=7)


def is_silent(token: FeedToken, *, now: datetime) -> bool:
    """Whether the calendar has not fetched for 7 days although something changed since: it shows what is over.

    A fetch is noted to the hour, so a change counts from an hour after it.
    """
    last_at = token.last_fetched_at
    if last_at is None:
        return token.created_at <= now - SILENT_AFTER and token.changed_at > token.created_at
    return last_at <= now - SILENT_AFTER and token.changed_at > last_at + FETCH_NOTED_EVERY
