"""One mail for a whole series that is cancelled: every date still ahead, and in words for several."""

from datetime import datetime
from email import message_from_bytes, policy

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.mail.render import render_letter
from scheduler.models import Appointment, Message
from scheduler.transaction import writing
from scheduler.usecases.messages import letters, outbox
from scheduler.usecases.messages.claims import Claim, claim_messages
from tests.factories import NOW, at, make_appointment, make_world, save
from tests.mail.support import SITE

owe_cancellations = writing(outbox.owe_cancellations)


def cancelled_series(*days: int) -> list[Appointment]:
    """Appointments on these days in March, cancelled, with one mail that says so."""
    world = make_world()
    rows = [make_appointment(world, at(day), status="cancelled", cancelled_at=NOW) for day in days]
    owe_cancellations(rows, now=NOW)
    return rows


def claim(now: datetime = NOW) -> Claim:
    return claim_messages(limit=10, now=now)


def mail(claimed: Claim) -> tuple[str, str]:
    """Subject and text of its only letter."""
    (letter,) = claimed.letters
    parsed = message_from_bytes(
        render_letter(letter, "desk@clinic.example", SITE, now=NOW), policy=policy.default
    )
    text = parsed.get_body(("plain",))
    assert text is not None
    return str(parsed["Subject"]), text.get_content()


def test_all_dates_are_in_one_mail(context: Flask) -> None:
    cancelled_series(12, 5, 19)
    subject, text = mail(claim())
    assert subject == "Cancelled: your 3 appointments from Thursday, 5 March"
    assert text.count("These 3 appointments of yours are cancelled:") == 1
    assert [text.index(day) for day in ("5 March 2026", "12 March 2026", "19 March 2026")] == sorted(
        text.index(day) for day in ("5 March 2026", "12 March 2026", "19 March 2026")
    )


def test_a_date_that_has_passed_is_left_out_and_a_single_one_reads_as_such(context: Flask) -> None:
    _, later = cancelled_series(5, 12)
    subject, text = mail(claim(at(6)))
    assert subject == "Cancelled: your appointment on Thursday, 12 March, 10:00"
    assert "5 March" not in text
    db.session.rollback()
    (message,) = db.session.scalars(select(Message))
    assert [item.appointment_id for item in message.items] == [later.id]


@pytest.mark.parametrize(
    ("status", "now", "why"), [("cancelled", at(13), letters.BEGUN), ("booked", NOW, letters.NOT_CANCELLED)]
)
def test_mail_of_which_nothing_is_left_is_not_sent(
    context: Flask, status: str, now: datetime, why: str
) -> None:
    for row in cancelled_series(5, 12):
        row.status = status
        save(row)
    assert claim(now).letters == []
    db.session.rollback()
    (message,) = db.session.scalars(select(Message))
    assert (message.state, message.server_reply) == ("cancelled", why)
