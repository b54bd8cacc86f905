"""Whatever opens every link of every mail, as scanners do, changes nothing."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import MessageKind, OfferTurn, PatientLink
from scheduler.usecases.messages.letters import DayList, OwnLink
from tests.factories import World, at
from tests.mail.letters import letter
from tests.mail.letters import offered as an_offer
from tests.web.browser import Browser
from tests.web.patient_side.support import Phone
from tests.web.test_gaps import offered

pytestmark = pytest.mark.usefixtures("monday")


def everything_stored(app: Flask) -> dict[str, list[str]]:
    """By table, all rows; of the patients' links without when they were used, which is noted to the hour."""
    with app.app_context():
        return {
            table.name: sorted(
                repr(
                    {name: value for name, value in row.items() if name not in {"last_used_at", "expires_at"}}
                )
                for row in db.session.execute(select(table)).mappings()
            )
            for table in db.metadata.sorted_tables
        }


def addresses_in(mail: EmailMessage) -> set[str]:
    """Every address of ours in a mail: in its words, behind them, and in its head."""
    told = "".join(str(value) for value in mail.values())
    told += "".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart())
    return set(re.findall(r"https://desk\.clinic\.example(/[^\s\"'<>]*)", told))


def mail_of(kind: str, site: Site, link: PatientLink, turn: OfferTurn) -> EmailMessage:
    """A mail of a kind, with links that are good."""
    changes: dict[str, Any] = {"page": OwnLink(link.id, link.nonce), "asks_check_in": True}
    if kind in {"offer", "offer_expired"}:
        changes = {"offered": an_offer(turn_id=turn.id, asked_at=turn.asked_at)}
    elif kind == "day_list":
        changes = {"visits": (), "day": DayList(True, at(3).date(), ())}
    raw = render_letter(letter(kind, **changes), "desk@clinic.example", site, now=clock.now())
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_scanners_that_open_every_link_of_every_mail_change_nothing(
    app: Flask, world: World, phone: Phone, planned: int, desk: Browser
) -> None:
    offer = offered(app, world, desk, "Ann")
    with app.app_context():
        turn, link = db.session.query(OfferTurn).one(), db.session.query(PatientLink).order_by("id").first()
        assert link is not None
        site = Site("https://desk.clinic.example", app.config["SETTINGS"].secret_key)
        to_open = {
            address for kind in MessageKind for address in addresses_in(mail_of(kind, site, link, turn))
        }
    assert {phone.path, f"{phone.path}/stop/reminders", offer} < to_open
    to_open.add(f"{phone.path}/appointments/{planned}/check-in")
    before, scanner, opened = everything_stored(app), app.test_client(), set[str]()
    while to_open - opened:
        path = (to_open - opened).pop()
        opened.add(path)
        answers = [scanner.open(unescape(path), method=method) for method in ("HEAD", "OPTIONS", "GET")]
        assert {answer.status_code for answer in answers} <= {200, 303, 405}
        if path.startswith(("/p/", "/o/")) and answers[-1].mimetype == "text/html":
            to_open |= set(re.findall(r'(?:href|action)="(/[po]/[^"]+)"', answers[-1].text))
    acts = ("confirm", "cancel", "times", "calendar/Google", "preferences", "accept", "decline")
    assert [act for act in acts if not any(path.endswith(act) for path in opened)] == []
    assert everything_stored(app) == before
