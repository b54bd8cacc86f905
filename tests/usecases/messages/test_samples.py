"""A reminder to look at before a policy is kept."""

import pytest
from flask import Flask

from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import Clinic
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.clinic.settings import ReminderWishes, wishes_of
from scheduler.usecases.messages.samples import sample_reminder
from tests.factories import NOW, at, make_world

POLICY = ReminderWishes((2880, 720), 22 * 60, 7 * 60, 60)


@pytest.fixture
def clinic(context: Flask) -> Clinic:
    make_world()
    return get_clinic()


def test_the_sample_says_when_reminders_go_out(clinic: Clinic) -> None:
    sample = sample_reminder(POLICY, "Anna", now=NOW)
    assert sample.letter.visits[0].starts_at == at(10)
    assert [(due.offset_minutes, due.due_at) for due in sample.due] == [(2880, at(8)), (720, at(9, 21, 55))]


def test_the_sample_is_a_mail_as_it_would_be_sent(clinic: Clinic) -> None:
    letter = sample_reminder(wishes_of(clinic), "Anna", now=NOW).letter
    site = Site("https://desk.example.org", "a key")
    raw = render_letter(letter, "desk@clinic.example", site, now=NOW).decode()
    assert "Subject: Reminder: your appointment on Tuesday, 10 March, 10:00\r\n" in raw
    assert "Hello Anna," in raw
    assert "With Petra Pin" in raw
