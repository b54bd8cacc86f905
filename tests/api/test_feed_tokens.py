"""Calendar addresses over the API."""

from urllib.parse import quote

import pytest
from flask import Flask

from tests.api.support import Caller
from tests.factories import World


@pytest.fixture(params=["patients", "practitioners"])
def owner(request: pytest.FixtureRequest, world: World) -> str:
    """Whose addresses."""
    number = world.patient_id if request.param == "patients" else world.practitioner_id
    return f"/{request.param}/{number}/feed-tokens"


def fetch(app: Flask, url: str) -> int:
    """What a calendar program gets."""
    return app.test_client().get(url.removeprefix("http://127.0.0.1:8000")).status_code


def test_new_address_works_at_once_in_all_its_forms(app: Flask, desk: Caller, owner: str) -> None:
    response = desk.post(owner)
    body = response.get_json()
    assert response.status_code == 201
    url = body["url"]
    assert url.startswith("http://127.0.0.1:8000/feeds/")
    assert body["webcal_url"] == url.replace("http://", "webcal://")
    assert body["google_url"].endswith(quote(body["webcal_url"], safe=""))
    assert body["outlook_url"].startswith(
        "https://outlook.live.com/calendar/0/addfromweb?url=" + quote(url, safe="")
    )
    assert fetch(app, url) == 200


def test_list_shows_addresses_without_their_secret(desk: Caller, owner: str) -> None:
    made = desk.post(owner, {"name": "phone", "detail": "full", "alarm_minutes": 30}).get_json()
    listed = desk.get(owner)
    assert listed.get_json() == {
        "items": [
            {
                "id": made["id"],
                "name": "phone",
                "detail": "full",
                "alarm_minutes": 30,
                "past_days": 30,
                "ahead_days": 365,
                "shows_holds": False,
                "client": "",
                "is_silent": False,
                "created_at": "2026-03-02T07:00:00Z",
                "last_fetched_at": None,
            }
        ],
        "total": 1,
    }
    secret = made["url"].rpartition("/")[2].removesuffix(".ics")
    assert secret not in listed.text


def test_list_is_paged(desk: Caller, owner: str) -> None:
    numbers = [desk.post(owner).get_json()["id"] for _ in range(3)]
    page = desk.get(owner, page=2, page_size=2).get_json()
    assert ([row["id"] for row in page["items"]], page["total"]) == (numbers[2:], 3)


def test_revoked_address_is_gone_for_good(app: Flask, desk: Caller, owner: str) -> None:
    made = desk.post(owner).get_json()
    first, second = (desk.delete(f"/feed-tokens/{made['id']}") for _ in range(2))
    assert (first.status_code, second.status_code) == (204, 204)
    assert fetch(app, made["url"]) == 410
    assert desk.get(owner).get_json() == {"items": [], "total": 0}


def test_unknown_address_cannot_be_revoked(desk: Caller) -> None:
    response = desk.delete("/feed-tokens/99")
    assert (response.status_code, response.get_json()["detail"]) == (
        404,
        "There is no calendar address with that number.",
    )


def test_lists_of_a_patient_and_of_a_practitioner_are_apart(world: World, desk: Caller) -> None:
    desk.post(f"/patients/{world.patient_id}/feed-tokens")
    assert desk.get(f"/practitioners/{world.practitioner_id}/feed-tokens").get_json()["total"] == 0
