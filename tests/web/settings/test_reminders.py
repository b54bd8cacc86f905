"""The reminder policy: changed, tried out, and the mail as it would go out."""

from typing import Any

import pytest
from flask import Flask

from scheduler.models import Clinic
from tests.web.browser import Browser
from tests.web.settings.support import send, stored

pytestmark = pytest.mark.usefixtures("monday")


def policy(**changes: Any) -> dict[str, Any]:
    return {
        "count": ["2", "3", "", ""],
        "unit": ["days", "hours", "hours", "hours"],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "not_within_minutes": "60",
        "do": "save",
    } | changes


def test_the_reminder_policy_is_changed(app: Flask, admin: Browser) -> None:
    assert send(admin, "/clinic/reminders", policy()).status_code == 303
    row = stored(app, Clinic)
    assert row.reminder_offsets_minutes == [2880, 180]
    assert (row.quiet_from_minute, row.quiet_until_minute, row.no_reminder_within_minutes) == (1320, 420, 60)


def test_a_policy_is_tried_out_without_being_kept(app: Flask, admin: Browser) -> None:
    page = send(admin, "/clinic/reminders", policy(do="preview"))
    assert page.status_code == 200
    assert "Sun 8 Mar 2026, 10:00" in page.text.replace(",", "").replace("2026 ", "2026, ")
    assert stored(app, Clinic).reminder_offsets_minutes == [4320, 1440]


@pytest.mark.parametrize(
    "changes", [{"count": ["x"], "unit": ["days"]}, {"quiet_from": "late"}, {"count": ["99"]}]
)
def test_a_policy_that_makes_no_sense_is_shown_again(admin: Browser, changes: dict[str, Any]) -> None:
    answer = send(admin, "/clinic/reminders", policy(**changes))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_mail_is_shown_as_it_would_go_out(admin: Browser) -> None:
    page = admin.get("/clinic/reminders").text
    assert "Reminder: your appointment on Tuesday, 10 March, 10:00" in page
    frame = admin.get("/clinic/reminders/mail")
    assert "With Petra Pin" in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox")
