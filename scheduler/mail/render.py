"""A letter as the bytes of an email: multipart/alternative, text and HTML.

The templates are read, their CSS inlined and compiled once per process; a mail then costs two renderings and no
email.message object, which would take longer than sending it.
"""

import binascii
import re
from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import css_inline
from babel import Locale
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template, select_autoescape

from scheduler.i18n import Gettext, translator
from scheduler.mail import words
from scheduler.models.messages import MessageKind
from scheduler.usecases.letters import Letter, Sender, Visit

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NO_DIGIT = re.compile(r"[^\d+]")
LONGEST_ASCII_HEADER = 900


class Card(NamedTuple):
    """One appointment in the words of the reader."""

    day: str
    time: str
    zone: str
    """The zone's name where it is needed, else ""."""
    who: str
    place: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written below day and time."""
        return (self.who, *self.place) if self.who else self.place


class Voice(NamedTuple):
    """How one language is spoken and written."""

    locale: Locale
    gettext: Gettext
    language: str
    """BCP 47."""
    direction: str
    """ltr or rtl."""


def render_letter(letter: Letter, mail_from: str, *, now: datetime) -> bytes:
    """The whole mail with CRLF line ends, from the clinic as ``mail_from`` to ``letter.recipient``.

    Both addresses must have passed smtp.address_for_smtp. Times are those of each location.
    """
    voice = _voice(words.choose_locale(letter.locale, letter.sender.locale))
    fields = _fields(letter, voice)
    boundary = f"=_{letter.message_id}"  # cannot occur in quoted-printable
    text, html = _templates()
    head = [
        *_headers(letter, mail_from, str(fields["subject"]), now),
        f"Content-Language: {voice.language}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "\r\n",
    ]
    return b"".join(
        [
            "\r\n".join(head).encode(),
            *_part("text/plain", text.render(fields), boundary),
            *_part("text/html", html.render(fields), boundary),
            f"--{boundary}--\r\n".encode(),
        ]
    )


def _headers(letter: Letter, mail_from: str, subject: str, now: datetime) -> Iterable[str]:
    domain = mail_from.rpartition("@")[2]
    sender = _in_one_line(letter.sender)
    yield f"From: {_mailbox('From', sender.name, mail_from)}"
    if sender.email:
        yield f"Reply-To: {_encoded('Reply-To', sender.email)}"
    yield f"To: {_mailbox('To', letter.name, letter.recipient)}"
    yield f"Subject: {_encoded('Subject', subject)}"
    yield f"Date: {_date(now)}"
    yield f"Message-ID: <{letter.message_id}@{domain}>"
    if letter.thread:
        yield f"In-Reply-To: <{letter.thread}@{domain}>"
        yield f"References: <{letter.thread}@{domain}>"
    yield "Auto-Submitted: auto-generated"


def _fields(letter: Letter, voice: Voice) -> dict[str, object]:
    gettext, locale, sender = voice.gettext, voice.locale, _in_one_line(letter.sender)
    count = len(letter.visits)
    kind = words.words_for(letter.kind, count)
    cards, shared = _gather([_card(visit, letter, voice) for visit in letter.visits])
    first = letter.visits[0]
    first_wall = _wall(first.starts_at, first.zone)
    when = (
        words.moment(first_wall, locale) if count == 1 else words.day_without_year(first_wall.date(), locale)
    )
    before = ""
    if letter.previous_at is not None and letter.previous_at != first.starts_at:
        previous = words.moment(_wall(letter.previous_at, first.zone), locale)
        before = gettext(words.BEFORE) % {"when": previous}
    ask = gettext(kind.ask) % {"phone": sender.phone} if sender.phone else gettext(kind.ask_without_phone)
    return {
        "subject": gettext(kind.subject) % {"when": when, "count": count},
        "greeting": gettext(words.GREETING) % {"name": one_line(letter.given_name)},
        "lead": gettext(kind.lead) % {"count": count},
        "before": before,
        "cards": cards,
        "shared": shared,
        "ask": ask,
        "gone": letter.kind == MessageKind.CANCELLATION,
        "sender": sender,
        "phone_link": _NO_DIGIT.sub("", sender.phone),
        "language": voice.language,
        "direction": voice.direction,
    }


def _card(visit: Visit, letter: Letter, voice: Voice) -> Card:
    locale = voice.locale
    starts, ends = _wall(visit.starts_at, visit.zone), _wall(visit.ends_at, visit.zone)
    needs_zone = letter.sender.several_zones or (letter.zone or visit.zone) != visit.zone
    return Card(
        day=words.full_day(starts.date(), locale),
        time=f"{words.clock_time(starts.time(), locale)}–{words.clock_time(ends.time(), locale)}",
        zone=words.zone_name(ZoneInfo(visit.zone), bool(starts.dst()), locale) if needs_zone else "",
        who=voice.gettext(words.WITH) % {"name": one_line(visit.practitioner)},
        place=_place(visit.location, visit.room, visit.address),
    )


@lru_cache(maxsize=16)
def _in_one_line(sender: Sender) -> Sender:
    return sender._replace(
        name=one_line(sender.name), email=one_line(sender.email), phone=one_line(sender.phone)
    )


@lru_cache(maxsize=1024)
def _place(location: str, room: str, address: str) -> tuple[str, ...]:
    first = ", ".join(filter(None, (one_line(location), one_line(room))))
    return (first, *filter(None, map(one_line, address.splitlines())))


@lru_cache(maxsize=256)
def _voice(locale: Locale) -> Voice:
    tag = str(locale).replace("_", "-")
    return Voice(locale, translator(tag), tag, locale.text_direction)


@lru_cache(maxsize=16)
def _date(now: datetime) -> str:
    return format_datetime(now)


def _gather(cards: list[Card]) -> tuple[list[Card], tuple[str, ...]]:
    """Cards, and below them what all of a series have in common, said once."""
    if len(cards) == 1:
        return cards, ()
    shared: tuple[str, ...] = ()
    if len({card.who for card in cards}) == 1:
        shared = (cards[0].who,)
        cards = [card._replace(who="") for card in cards]
    if len({card.place for card in cards}) == 1:
        shared += cards[0].place
        cards = [card._replace(place=()) for card in cards]
    return cards, shared


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone))


def one_line(text: str) -> str:
    """Text without line breaks and other control characters, so that it can neither end nor add a header."""
    return " ".join(_CONTROLS.sub(" ", text).split())


@lru_cache(maxsize=4096)
def _encoded(name: str, text: str) -> str:
    """A header's text, in encoded words (RFC 2047) unless it is short and plain."""
    if text.isascii() and "=?" not in text and len(text) < LONGEST_ASCII_HEADER:
        return text
    return Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


@lru_cache(maxsize=4096)
def _mailbox(header: str, name: str, address: str) -> str:
    plain = one_line(name)
    if not plain:
        return f"<{address}>"
    encoded = _encoded(header, plain)
    if encoded == plain:
        encoded = '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
    return f"{encoded} <{address}>"


def _part(content_type: str, text: str, boundary: str) -> Iterable[bytes]:
    yield (
        f"--{boundary}\r\nContent-Type: {content_type}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()
    yield binascii.b2a_qp(text.replace("\n", "\r\n").encode(), istext=True)
    yield b"\r\n"


def _source(name: str) -> str:
    """A template's source; in HTML the CSS goes into the elements first, and `<!--{% … %}-->` becomes `{% … %}`.

    Mail programs drop style sheets; only the rules for dark screens stay in one, for those that keep it.
    """
    source = files("scheduler.mail").joinpath("templates", name).read_text(encoding="utf-8")
    if not name.endswith(".html"):
        return source
    html = css_inline.CSSInliner(load_remote_stylesheets=False).inline(source)
    return html.replace(' data-css-inline="keep"', "").replace("<!--{%", "{%").replace("%}-->", "%}")


@lru_cache(maxsize=1)
def _templates() -> tuple[Template, Template]:
    """Text and HTML."""
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()  # none is used, and they would be copied for every mail
    return environment.get_template("letter.txt"), environment.get_template("letter.html")
