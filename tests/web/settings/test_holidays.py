"""Public holidays accepted as closures one by one."""

from datetime import timedelta

import pytest
from flask import Flask

from scheduler.models import Closure
from tests.factories import at
from tests.web.browser import Browser
from tests.web.settings.support import stored

pytestmark = pytest.mark.usefixtures("monday")


def test_holidays_are_accepted_one_by_one_and_taken_back(app: Flask, admin: Browser) -> None:
    assert "Good Friday" in admin.get("/clinic/holidays").text
    form = {"location_id": "1", "country": "DE", "region": "BE", "year": "2026"}
    form |= {"on": "2026-04-03", "name": "Good Friday"}
    answer = admin.post("/clinic/holidays", form)
    assert answer.location == "/clinic/holidays?location_id=1&country=DE&region=BE&year=2026#list"
    row = stored(app, Closure)
    assert (row.reason, row.starts_at, row.ends_at - row.starts_at) == (
        "Good Friday",
        at(3, 0, month=4),
        timedelta(days=1),
    )
    page = admin.get("/clinic/holidays").text
    assert (page.count("Friday, 3 April 2026"), page.count("00:00"), page.count(">Take back<")) == (
        2,
        0,
        1,
    )
    admin.post("/clinic/closures/1/remove", form)
    assert stored(app, Closure) is None


@pytest.mark.parametrize("query", ["country=XX", "country=DE&of=DE&region=XX", "year=1999", "location_id=99"])
def test_choices_that_are_not_offered_break_nothing(admin: Browser, query: str) -> None:
    assert admin.get(f"/clinic/holidays?{query}").status_code in {200, 422}
    admin.post("/clinic/holidays", {"on": "tomorrow"})
    assert "The choice cannot be read." in admin.get("/clinic/holidays").text
