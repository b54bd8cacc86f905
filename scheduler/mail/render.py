"""A letter as the bytes of an email: text and HTML, and invitations for whom they are chosen.

The templates are read, their CSS inlined and compiled once per process; a mail then costs two renderings and no
email.message object, which would take longer than sending it.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from importlib.resources import files

import css_inline
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template, select_autoescape

from scheduler.mail import words
from scheduler.mail.fields import letter_fields, one_line, sender_in_one_line
from scheduler.mail.invitations import letter_invitations
from scheduler.mail.parts import text_part, with_invitations
from scheduler.mail.site import Site
from scheduler.mail.voice import voice_of
from scheduler.usecases.messages.letters import Letter
from scheduler.usecases.patient_side.wishes import sort_of

LONGEST_ASCII_HEADER = 900


def render_letter(letter: Letter, mail_from: str, site: Site, *, now: datetime) -> bytes:
    """The whole mail with CRLF line ends, from the clinic as ``mail_from`` to ``letter.recipient``.

    Both addresses must have passed envelopes.address_for_smtp. Times are those of each location.
    """
    voice = voice_of(words.choose_locale(letter.locale, letter.sender.locale))
    values = letter_fields(letter, voice, site)
    text, html = _templates()
    parts = [text_part("text/plain", text.render(values)), text_part("text/html", html.render(values))]
    invitations = letter_invitations(letter, mail_from) if letter.wants_invitations else ()
    head = [
        *_headers(letter, mail_from, str(values["subject"]), now),
        *_ways_out(letter, site),
        f"Content-Language: {voice.language}",
        "MIME-Version: 1.0",
    ]
    body = with_invitations(parts, invitations, f"=_{letter.message_id}")
    return b"".join(["\r\n".join([*head, ""]).encode(), *body])


def _headers(letter: Letter, mail_from: str, subject: str, now: datetime) -> Iterable[str]:
    domain = mail_from.rpartition("@")[2]
    sender = sender_in_one_line(letter.sender)
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


def _ways_out(letter: Letter, site: Site) -> Iterable[str]:
    """By which the mail program's own button ends mails of this sort (RFC 8058), of those that may be ended."""
    sort = sort_of(letter.kind)
    if letter.page is not None and sort is not None:
        yield f"List-Unsubscribe: <{site.stop(letter.page, sort)}>"
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


@lru_cache(maxsize=16)
def _date(now: datetime) -> str:
    return format_datetime(now)


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
