"""GET and HEAD /feeds/<token>.ics: a person's appointments for their calendar program.

Calendar programs take the status as a command: an empty or unreadable 200 wipes their copy, 410 ends the
subscription, 503 keeps everything. So only a whole calendar is ever sent with 200, and whatever fails is a 503.
"""

import gzip
import logging
import traceback
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from zlib import crc32

from flask import Blueprint, Flask, Response, request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import http_date, parse_date
from werkzeug.wsgi import wrap_file

from scheduler.access import public
from scheduler.calendars.calendar import FORMAT, calendar_parts
from scheduler.calendars.clients import client_family
from scheduler.clock import now
from scheduler.errors import DatabaseBusy, SchedulerError, TooManyTries
from scheduler.extensions import db
from scheduler.usecases.feeds.events import each_event
from scheduler.usecases.feeds.reading import Feed, fetch_is_to_be_noted, find_feed, note_fetch
from scheduler.usecases.tries import count_unknown_link

log = logging.getLogger(__name__)
PREFIX, SUFFIX = "/feeds/", ".ics"
blueprint = Blueprint("feeds", __name__)

RETRY_AFTER_SECONDS = 300
SETTLED = timedelta(minutes=1)
"""No transaction lasts longer: until then a change of the same second may still be on its way."""
GZIP_FROM_BYTES = 500
KEPT_IN_MEMORY = 1_000_000
"""Larger calendars wait in a nameless file until they are sent, so that none fills the memory."""
DISCREET = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


def register(app: Flask) -> None:
    """Add the route, and in front of Flask its short cut for unchanged feeds."""
    app.register_blueprint(blueprint)
    with app.app_context():
        app.wsgi_app = _unchanged_first(app.wsgi_app, db.engine)  # type: ignore[assignment, method-assign]


@blueprint.get(f"{PREFIX}<token>{SUFFIX}")
@public
def read_feed(token: str) -> Response:
    """The calendar; 304 if it is unchanged, 404 (or 429) if nobody was given this address, 410 if it was revoked."""
    at = now()
    feed = find_feed(db.engine, token, now=at)
    if feed is None:
        return _nothing_here(at)
    if feed.is_revoked:
        return _sentence(410, "This calendar address is no longer valid. Ask the clinic for a new one.")
    etag, modified_at = _etag(feed, at), _modified_at(feed, at)
    if _is_unchanged(etag, modified_at):
        response = Response(status=304, headers=_revalidation(etag))
    else:
        response = _calendar(feed, at)
        response.headers["ETag"] = etag
        if modified_at is not None:
            response.headers["Last-Modified"] = http_date(modified_at)
    if fetch_is_to_be_noted(feed, now=at):
        _note(feed, at)
    return response


@blueprint.errorhandler(Exception)
def keep_your_copy(error: Exception) -> Response:
    """503 for whatever went wrong; the traceback is logged as text, because its frames hold the secret."""
    log.error("a calendar feed failed: %s", "".join(traceback.format_exception(error)))
    response = _sentence(503, "The calendar cannot be read at the moment.")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _etag(feed: Feed, at: datetime) -> str:
    """What the calendar follows from: the owner's events, the day (it moves the window), what is held, how it is shown.

    Weak, because the compressed form has the same one.
    """
    shown = crc32(repr((tuple(feed.style), feed.past_days, feed.ahead_days, feed.held)).encode())
    return f'W/"{FORMAT}-{feed.token_id}-{feed.revision}-{at:%Y%m%d}-{shown:08x}"'


def _modified_at(feed: Feed, at: datetime) -> datetime | None:
    """The last change or this UTC day's beginning; None as long as another change may still get the same second.

    None, too, for a feed with held slots: they end without a change.
    """
    if feed.held is not None:
        return None
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    modified_at = max(datetime.fromtimestamp(feed.changed_at, UTC), midnight)
    return modified_at if modified_at <= at - SETTLED else None


def _is_unchanged(etag: str, modified_at: datetime | None) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides where it is given, else If-Modified-Since."""
    known = request.headers.get("If-None-Match")
    if known is not None:
        return known == etag or request.if_none_match.contains_weak(etag[3:-1])
    since = parse_date(request.headers.get("If-Modified-Since"))
    return since is not None and modified_at is not None and modified_at <= since


def _calendar(feed: Feed, at: datetime) -> Response:
    """The whole calendar, finished before the first byte is sent: what fails on the way can still be a 503."""
    parts = calendar_parts(each_event(feed, now=at), feed.style)
    first = next(parts)
    response = Response(content_type="text/calendar; charset=utf-8", headers=DISCREET)
    is_packed = len(first) >= GZIP_FROM_BYTES and request.accept_encodings["gzip"] > 0
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    with ExitStack() as opened:
        body = opened.enter_context(SpooledTemporaryFile(KEPT_IN_MEMORY))
        _write(chain([first], parts), body, is_packed)
        response.content_length = body.tell()
        body.seek(0)
        if response.content_length <= KEPT_IN_MEMORY:
            response.set_data(body.read())
        else:
            response.response = wrap_file(request.environ, body)
            response.direct_passthrough = True
            response.call_on_close(opened.pop_all().close)
    response.headers["Content-Disposition"] = 'inline; filename="appointments.ics"'
    return response


def _write(parts: Iterable[bytes], body: IO[bytes], is_packed: bool) -> None:
    if is_packed:
        with gzip.GzipFile("", "wb", compresslevel=5, fileobj=body, mtime=0) as packed:
            packed.writelines(parts)
    else:
        body.writelines(parts)


def _note(feed: Feed, at: datetime) -> None:
    """Remember the fetch; failing to is no reason to withhold the calendar."""
    try:
        note_fetch(feed.token_id, client=client_family(request.headers.get("User-Agent", "")), now=at)
    except (SchedulerError, SQLAlchemyError) as error:
        log.warning("a calendar fetch was not noted: %s", type(error).__name__)


def _nothing_here(at: datetime) -> Response:
    """404, or 429 for who asks for many addresses that nobody was given; those that are good answer all the same."""
    try:
        with suppress(DatabaseBusy):
            count_unknown_link((request.remote_addr or "unknown")[:40], now=at)
    except TooManyTries as error:
        response = _sentence(429, "Too many calendars that do not exist were asked for. Please wait.")
        response.headers["Retry-After"] = str(error.details["retry_after_seconds"])
        return response
    return _sentence(404, "There is no calendar at this address.")


def _sentence(status: int, sentence: str) -> Response:
    return Response(sentence + "\n", status, headers=DISCREET, content_type="text/plain; charset=utf-8")


def _revalidation(etag: str) -> list[tuple[str, str]]:
    """All that a 304 says (RFC 9110, 15.4.5): the client has the rest."""
    return [("ETag", etag), ("Cache-Control", DISCREET["Cache-Control"]), ("Vary", DISCREET["Vary"])]


def _unchanged_first(flask: WSGIApplication, engine: Engine) -> WSGIApplication:
    """Answer 304 without Flask, which would cost more than looking the feed up; leave everything else to it.

    Nearly every fetch finds the calendar unchanged.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        known, path = environ.get("HTTP_IF_NONE_MATCH"), environ["PATH_INFO"]
        if known and path.startswith(PREFIX) and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            etag = _quiet_etag(engine, path.removeprefix(PREFIX).removesuffix(SUFFIX))
            if etag is not None and etag == known:
                start_response("304 Not Modified", _revalidation(etag))
                return []
        return flask(environ, start_response)

    return answer


def _quiet_etag(engine: Engine, token: str) -> str | None:
    """The feed's present ETag; None if there is more to do or to say than that."""
    at = now()
    try:
        feed = find_feed(engine, token, now=at)
    except Exception:
        return None
    if feed is None or feed.is_revoked or fetch_is_to_be_noted(feed, now=at):
        return None
    return _etag(feed, at)
