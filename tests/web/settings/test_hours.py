"""Working hours from a day on, and a look at what falls outside before they are kept."""

import pytest
from flask import Flask

from tests.factories import World, at, make_appointment
from tests.web.browser import Browser
from tests.web.settings.support import carried, send

pytestmark = pytest.mark.usefixtures("monday")
HOURS = "/clinic/practitioners/1/hours"
FULL = f"{HOURS}/1_2025-01-06__1"


def week(**changes: str) -> dict[str, str]:
    mornings = {f"hours_{weekday}": "09:00–12:00" for weekday in range(5)}
    return {"location_id": "1", "every_n_weeks": "1", "valid_from": "2026-03-09", **mornings, **changes}


def test_hours_are_changed_from_a_day_on(app: Flask, admin: Browser) -> None:
    assert 'value="09:00–17:00"' in admin.get(FULL).text
    assert send(admin, FULL, week()).location == HOURS
    page = admin.get(HOURS).text
    assert "09:00–12:00" in page
    assert "until 8 Mar 2026" in page


def test_what_would_fall_outside_is_shown_before_saving(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        make_appointment(world, at(10, 15))
    answer = send(admin, FULL, week())
    assert answer.status_code == 409
    assert "1 booked appointment would fall outside" in answer.text
    assert "Paul Pain" in answer.text
    saved = admin.post(FULL, week(**carried(answer)))
    assert saved.location == HOURS
    assert "1 appointment lies outside them now" in admin.get(HOURS).text


def test_hours_are_ended_after_a_look_at_what_falls_outside(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        make_appointment(world, at(20, 10))
    answer = send(admin, FULL, {"last_on": "2026-03-13"}, f"{FULL}/end")
    assert answer.status_code == 409
    assert "End them all the same" in answer.text
    form = {"last_on": "2026-03-13", **carried(answer)}
    assert admin.post(f"{FULL}/end", form).location == HOURS
    assert (
        send(admin, f"{HOURS}/1_2025-01-06_2026-03-13_1", {"last_on": "x"}, f"{FULL}/end").status_code == 404
    )


def test_hours_that_cannot_end_then_say_so(admin: Browser) -> None:
    answer = send(admin, FULL, {"last_on": "2026-01-01"}, f"{FULL}/end")
    assert answer.status_code == 422
    assert 'id="last_on-error"' in answer.text
