"""Letters of every kind, rendered, and how a program for mails reads them."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import MessageKind
from scheduler.usecases.messages.letters import Letter, Offered, Sender, Summary, SummaryLine, Visit
from tests.factories import NOW, at

SENDER = Sender(
    name="Needle Point", email="desk@clinic.example", phone="+49 30 1234567", locale="en", several_zones=False
)
STARTS_AT = at(3)
KINDS = [kind.value for kind in MessageKind if kind not in (MessageKind.CHECK_IN, MessageKind.DAY_LIST)]
OF_OFFERS = ("offer", "offer_expired")
SITE = Site("https://desk.clinic.example", "a secret that only these tests know, long enough")


def visit(starts_at: datetime = STARTS_AT, **changes: Any) -> Visit:
    """An appointment as a mail tells it."""
    values: dict[str, Any] = {
        "appointment_id": 1,
        "uid": "7c6d@needletime",
        "sequence": 0,
        "changed_at": NOW,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "active": True,
        "practitioner": "Petra Pin",
        "location": "Mitte",
        "address": "Torstraße 1\n10119 Berlin",
        "room": "Room 1",
        "zone": "Europe/Berlin",
        "told_sequence": 0,
        "told_at": starts_at,
    }
    return Visit(**values | changes)


def offered(**changes: Any) -> Offered:
    """A time that became free, as a mail offers it."""
    values: dict[str, Any] = {
        "turn_id": 7,
        "status": "asked",
        "asked_at": NOW,
        "expires_at": at(2, 12),
        "starts_at": STARTS_AT,
        "ends_at": STARTS_AT + timedelta(minutes=30),
        "releases_at": None,
        "practitioner": "Petra Pin",
        "location": "Mitte",
        "address": "Torstraße 1\n10119 Berlin",
        "zone": "Europe/Berlin",
        "was_told": False,
    }
    return Offered(**values | changes)


def summary(*lines: SummaryLine, **changes: Any) -> Summary:
    """A week, as the clinic's mail sums it up."""
    worst = lines or (SummaryLine("Paul P.", 3, 8, -4, False), SummaryLine("Ada L.", 1, 6, 2, True))
    values = {"wanted": True, "behind": 2, "overdue": 1, "without_next": 1, "worst": worst}
    return Summary(**values | changes)


def letter(kind: str = "confirmation", *visits: Visit, **changes: Any) -> Letter:
    """A letter of a kind to Paul Pain, with what such a letter holds."""
    values: dict[str, Any] = {
        "id": 1,
        "kind": kind,
        "message_id": "0123456789abcdef",
        "recipient": "paul@mail.example",
        "recipient_told": "paul@mail.example",
        "given_name": "Paul",
        "name": "Paul Pain",
        "locale": "en",
        "zone": None,
        "wants_reminders": True,
        "attempts": 0,
        "pointless_at": None,
        "visits": visits or (visit(),),
        "sender": SENDER,
    }
    if kind in OF_OFFERS:
        values |= {"visits": (), "offered": offered()}
    if kind == "weekly_summary":
        values |= {"visits": (), "summary": summary(), "given_name": "", "name": ""}
    return Letter(**values | changes)


def rendered(kind: str = "confirmation", *visits: Visit, **changes: Any) -> EmailMessage:
    """The mail, as the email package reads what is sent."""
    raw = render_letter(letter(kind, *visits, **changes), "desk@clinic.example", SITE, now=NOW)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def text_of(message: EmailMessage, subtype: str = "plain") -> str:
    """The body of one sort."""
    part = message.get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


class Reader(HTMLParser):
    """The words of an HTML page without its head, and its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.links, self.open, self._skip = [""], [], [], False  # type: ignore[var-annotated]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "!doctype"}:
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"head", "style"} & set(self.open):
            self.words += data.split()
