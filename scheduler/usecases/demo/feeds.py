"""The demo's calendar addresses: who follows along, and when their program last asked. Nobody knows their secrets."""

import random
from datetime import timedelta

from scheduler.models import FeedDetail, FeedToken
from scheduler.usecases.demo.cast import Guest
from scheduler.usecases.demo.house import House
from scheduler.usecases.demo.rows import Row, Tables
from scheduler.usecases.demo.size import Days
from scheduler.usecases.feeds.tokens import hash_secret

FOLLOWING = 0.15
"""So many of the patients with an address have a calendar address, too."""
CLIENTS = ("apple", "google", "google", "outlook", "thunderbird")
NAMES = ("phone", "phone", "laptop", "family")


def feed_tables(
    house: House, guests: list[Guest], example: Guest, days: Days, chance: random.Random
) -> Tables:
    """Addresses of patients but for the example, whose own is made when the demo is written; of people and a room."""
    rows: list[Row] = []
    for person in house.practitioners:
        rows.append(_row(days, chance, practitioner_id=person.id, detail=FeedDetail.FULL, shows_holds=True))
    room = next((room for place in house.locations for room in place.rooms), None)
    if room is not None:
        # The tablet at the door has lost its network: its calendar shows what is over.
        silent = {"created_at": days.now - timedelta(days=80), "changed_at": days.now - timedelta(hours=2)}
        silent["last_fetched_at"] = days.now - timedelta(days=12)
        rows.append(_row(days, chance, room_id=room.id, detail=FeedDetail.TYPE, name="door sign") | silent)
        rows[-1] |= {"client": "other", "revoked_at": None}
    for guest in guests:
        if guest is not example and guest.email and guest.created_at and chance.random() < FOLLOWING:
            detail = chance.choice((FeedDetail.MINIMAL, FeedDetail.MINIMAL, FeedDetail.TYPE))
            rows.append(
                _row(days, chance, patient_id=guest.id, detail=detail, name=chance.choice(NAMES))
                | {"alarm_minutes": chance.choice((None, 60, 120))}
            )
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    return [(FeedToken, rows)]


def _row(days: Days, chance: random.Random, *, detail: FeedDetail, **values: object) -> Row:
    """Most are asked for every hour; some were forgotten, one in ten never used, a few taken back."""
    now, dice = days.now, chance.random()
    created_at = now - timedelta(minutes=chance.randrange(2 * 1440, 60 * 1440))
    asked_at = now - timedelta(minutes=chance.randrange(2, 59))
    if dice < 0.1:
        asked_at = now - timedelta(days=chance.randrange(9, 30))
    client = chance.choice(CLIENTS)
    is_used = dice < 0.9 and asked_at > created_at
    return {
        "token_hash": hash_secret(f"{chance.getrandbits(256):064x}"),
        "patient_id": None,
        "practitioner_id": None,
        "room_id": None,
        "name": "",
        "detail": detail.value,
        "alarm_minutes": None,
        "past_days": 30,
        "ahead_days": 365,
        "shows_holds": False,
        "revision": chance.randrange(1, 40),
        "changed_at": created_at,
        "created_at": created_at,
        "revoked_at": now - timedelta(days=1) if chance.random() < 0.05 else None,
        "last_fetched_at": asked_at if is_used else None,
        "client": client if is_used else "",
        **values,
    }
