"""What mails say of the patient's own page: its address, the check-in, and how to end mails of a sort."""

from email import message_from_bytes, policy

import pytest

from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import MessageKind
from scheduler.usecases.messages.letters import OwnLink
from tests.factories import NOW
from tests.mail.letters import letter

SITE = Site("https://desk.example", "a key of these tests")
LINK = OwnLink(7, "nonce")
PAGE = SITE.patient(LINK)


def sent(kind: str, **changes: object) -> tuple[str, str, dict[str, str]]:
    """Text, HTML and headers of a mail."""
    written = render_letter(letter(kind, page=LINK, **changes), "desk@clinic.example", SITE, now=NOW)
    mail = message_from_bytes(written, policy=policy.default)
    text, html = (mail.get_body((form,)).get_content().replace("\r\n", "\n") for form in ("plain", "html"))
    return text, html, dict(mail.items())


@pytest.mark.parametrize(
    ("kind", "label", "sort"),
    [
        (MessageKind.CONFIRMATION, "Confirm or change", "confirmations"),
        (MessageKind.SERIES_CONFIRMATION, "Your appointments", "confirmations"),
        (MessageKind.REMINDER, "Confirm or change", "reminders"),
        (MessageKind.CHANGE, "Confirm or change", None),
        (MessageKind.CANCELLATION, "Your appointments", None),
        (MessageKind.CHECK_IN, "Answer two questions", "check_ins"),
    ],
)
def test_mails_lead_to_the_page_and_name_the_way_out(kind: str, label: str, sort: str | None) -> None:
    text, html, headers = sent(kind)
    page = f"{PAGE}#check-in" if kind == MessageKind.CHECK_IN else PAGE
    assert f"{label}: {page}\n" in text
    assert f'href="{page}"' in html
    way_out = f"<{PAGE}/stop/{sort}>" if sort else None
    assert headers.get("List-Unsubscribe") == way_out
    assert headers.get("List-Unsubscribe-Post") == ("List-Unsubscribe=One-Click" if sort else None)


def test_a_reminder_before_a_session_asks_how_the_patient_is() -> None:
    asks = "please tell us on your page how you are"
    found = [asks in sent(MessageKind.REMINDER, asks_check_in=asked)[0] for asked in (True, False)]
    assert found == [True, False]
    assert asks not in sent(MessageKind.CHANGE, asks_check_in=True)[0]


def test_without_a_link_nothing_is_said_of_a_page() -> None:
    mail = render_letter(letter("confirmation"), "desk@clinic.example", SITE, now=NOW)
    assert b"/p/" not in mail
    assert b"List-Unsubscribe" not in mail
