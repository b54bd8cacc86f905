"""Capacity: the question, and weeks with what they have and are asked for."""

from typing import Any

from scheduler.api.answers import picked
from scheduler.api.fields import Day, Input, QueryNumber
from scheduler.api.schemas.common import Output, day, many, parts, text, whole
from scheduler.usecases.capacity.weeks import MOST_WEEKS, WEEKS, Capacity


class CapacityQuery(Input):
    """Which weeks, and whose."""

    from_ = Day(data_key="from", metadata={"description": "A date in the first week; without it this week."})
    weeks = QueryNumber(most=MOST_WEEKS, load_default=WEEKS)
    practitioner_id = QueryNumber(metadata={"description": "Without it: everybody."})
    location_id = QueryNumber(metadata={"description": "Without it: everywhere."})


class LoadSchema(Output):
    """A week; ``fits``, ``needed`` and ``short`` count sessions of the usual type, a longer one as several."""

    monday = day("Its first day, on the location's clock. The current week counts from now on.")
    open_minutes = whole("Working hours less closures and absences.")
    free_minutes = whole("Of these, not booked; with gaps too short for a session.")
    fits = whole("Sessions that can still be booked together.")
    needed = whole("Of these, needed by sessions that wait.")
    short = whole("Sessions that wait and find no room, in the week of their ideal day.")


class DeskLoadSchema(Output):
    """A practitioner at a location."""

    practitioner_id = whole()
    location_id = whole()
    weeks = parts(LoadSchema)


class ShortfallSchema(Output):
    """Sessions that have no other days than these, and are too many for them."""

    practitioner_ids = many(whole())
    from_on = day("First day.")
    to_on = day("Last day, included.")
    mondays = many(
        day(), "The weeks, where they have no other room at all; empty where only those days have none."
    )
    free_minutes = whole()
    fits = whole("Sessions that can be booked.")
    sessions = whole("Sessions that wait.")
    left_over = whole("Of these, without room.")


class CapacitySchema(Output):
    """The weeks asked for."""

    usual_type = text("What is counted: the type that most waiting sessions have.")
    usual_minutes = whole("Its duration.")
    desks = parts(DeskLoadSchema)
    shortfalls = parts(ShortfallSchema)


def capacity_json(found: Capacity) -> dict[str, Any]:
    """The answer."""
    figures = ("open_minutes", "free_minutes", "fits", "needed", "short")
    return {
        **picked(found, "usual_type", "usual_minutes"),
        "desks": [
            {
                **picked(desk, "practitioner_id", "location_id"),
                "weeks": [
                    {"monday": monday.isoformat(), **picked(load, *figures)}
                    for monday, load in zip(found.mondays, desk.weeks, strict=True)
                ],
            }
            for desk in found.desks
        ],
        "shortfalls": [
            {
                "practitioner_ids": list(tight.practitioner_ids),
                "from_on": tight.from_on.isoformat(),
                "to_on": tight.to_on.isoformat(),
                "mondays": [monday.isoformat() for monday in tight.mondays],
                **picked(tight, "free_minutes", "fits", "sessions", "left_over"),
            }
            for tight in found.shortfalls
        ],
    }
