"""What the diary's calendar is told, boiled down to what a test compares."""

from datetime import datetime
from typing import Any

from flask import Flask

from tests.factories import World, make_appointment


def times(shown: Any) -> list[tuple[str, str]]:
    """From when to when each appointment is drawn."""
    return [(event["start"], event["end"]) for event in shown["events"] if "title" in event]


def backgrounds(shown: Any) -> list[tuple[str, str, str]]:
    """What is behind the appointments: sort, from, to."""
    return [
        (event["classNames"][1], event["start"], event["end"])
        for event in shown["events"]
        if event.get("display") == "background"
    ]


def book(app: Flask, world: World, starts_at: datetime, **changes: Any) -> int:
    """An appointment; its number."""
    with app.app_context():
        return make_appointment(world, starts_at, **changes).id


def named(shown: Any) -> list[str]:
    """The titles of the columns."""
    return [column["title"] for column in shown["resources"]]
