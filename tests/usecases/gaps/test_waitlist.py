"""The waitlist: entered, changed, closed by hand, by booking or by the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Location, WaitlistEntry
from scheduler.usecases.gaps.waitlist import (
    add_to_waitlist,
    change_entry,
    close_entry,
    close_over_entries,
    list_waitlist,
)
from scheduler.usecases.gaps.waitlist_slots import slots_for_entry
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_world, save
from tests.usecases.gap_world import enter, wish_for

pytestmark = pytest.mark.usefixtures("context")


def test_urgent_entries_come_first_and_then_who_waits_longest() -> None:
    world = make_world()
    routine = enter(world, "Routine", now=NOW - timedelta(days=9))
    soon = enter(world, "Soon", urgency="soon")
    urgent = enter(world, "Urgent", urgency="urgent")
    older = enter(world, "Older", urgency="soon", now=NOW - timedelta(days=1))
    assert [entry.id for entry in list_waitlist().items] == [urgent.id, older.id, soon.id, routine.id]


def test_an_edit_carries_the_version_it_saw_and_is_noted_with_before_and_after() -> None:
    world = make_world()
    entry = enter(world, "Ann", note="private")
    change_entry(entry.id, {"urgency": "soon"}, version=1, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(StaleVersion):
        change_entry(entry.id, {"urgency": "urgent"}, version=1, actor=RECEPTIONIST, now=NOW)
    note = db.session.query(AuditEntry).filter_by(action="waitlist_changed").one()
    assert (note.detail["before"]["urgency"], note.detail["after"]["urgency"]) == ("routine", "soon")
    assert "private" not in str(note.detail)


def test_an_edit_that_changes_nothing_is_none() -> None:
    world = make_world()
    entry = enter(world, "Ann")
    same = change_entry(entry.id, {"urgency": "routine"}, version=1, actor=RECEPTIONIST, now=NOW)
    assert same.version == 1


def test_a_closed_entry_stays_as_it_is() -> None:
    world = make_world()
    entry = enter(world, "Ann")
    close_entry(entry.id, why="withdrawn", version=1, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(Conflict, match="closed already"):
        change_entry(entry.id, {"urgency": "soon"}, version=2, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(InvalidInput, match="booked or withdrawn"):
        close_entry(entry.id, why="over", version=2, actor=RECEPTIONIST, now=NOW)


def test_the_clock_closes_what_is_over_by_the_time_of_its_location() -> None:
    world = make_world()
    save(Location(name="Honolulu", address="", zone="Pacific/Honolulu"))
    honolulu = db.session.query(Location).filter_by(name="Honolulu").one()
    last = {"wanted_from": date(2026, 3, 2), "wanted_until": date(2026, 3, 3)}
    here = enter(world, "Here", location_id=world.location_id, **last)
    there = enter(world, "There", location_id=honolulu.id, **last)
    anywhere = enter(world, "Anywhere", **last)

    def left(now: datetime) -> list[int]:
        close_over_entries(now=now)
        rows = db.session.query(WaitlistEntry).filter_by(closed_at=None).populate_existing()
        return [row.id for row in rows.order_by(WaitlistEntry.id)]

    assert left(datetime(2026, 3, 3, 22, 59, tzinfo=UTC)) == [here.id, there.id, anywhere.id]
    assert left(datetime(2026, 3, 4, 9, 59, tzinfo=UTC)) == [there.id, anywhere.id]
    assert left(datetime(2026, 3, 4, 10, 0, tzinfo=UTC)) == []
    assert {entry.closed_why for entry in list_waitlist(closed=True).items} == {"over"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"wanted_until": date(2026, 3, 1)}, "must not come after"),
        ({"from_minute": 700, "until_minute": 600}, "within one day"),
        ({"weekdays": [7]}, "A weekday is a number"),
        ({"urgency": "now"}, "urgent, soon or routine"),
        ({"note": "x" * 2001}, "at most 2000 characters"),
        ({"practitioner_ids": range(1, 60)}, "too many"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], sentence: str) -> None:
    world = make_world()
    with pytest.raises(InvalidInput, match=sentence):
        add_to_waitlist(world.patient_id, wish_for(world, **changes), actor=RECEPTIONIST, now=NOW)


def test_free_slots_keep_to_days_times_and_the_patients_own_diary() -> None:
    world = make_world()
    wish = {"weekdays": [2], "from_minute": 600, "until_minute": 660}
    entry = enter(world, "Ann", **wish)
    make_appointment(world, at(4, 10), practitioner_id=world.practitioner_id)
    found = slots_for_entry(entry.id, now=NOW)
    assert [slot.starts_at for slot in found[:3]] == [at(4, 10, 30), at(11, 10), at(11, 10, 15)]
