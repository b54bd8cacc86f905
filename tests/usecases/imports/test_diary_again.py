"""A diary that is brought in again after something of it was taken back here."""

from datetime import date

import pytest
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import TimeOff
from scheduler.usecases.absences.entering import WallTime, add_time_off, remove_time_off
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.diary import DiaryChoices, import_diary
from tests.factories import NOW, at, make_world
from tests.usecases.imports.support import NINE, calendar


@pytest.mark.usefixtures("context")
def test_an_absence_that_took_over_the_number_of_one_taken_back_is_left_alone() -> None:
    world = make_world()
    choices, by = DiaryChoices(world.practitioner_id), {"actor": COMMAND, "now": NOW}
    import_diary(calendar(NINE), choices, **by)
    remove_time_off(db.session.scalars(select(TimeOff.id)).one(), **by)
    holiday = add_time_off(
        world.practitioner_id, WallTime(date(2026, 4, 7)), WallTime(date(2026, 4, 8)), **by
    )
    again = import_diary(calendar(NINE), choices, **by)
    assert again.counts == {"new": 0, "updated": 0, "unchanged": 1, "left_out": 0}
    (row,) = db.session.scalars(select(TimeOff))
    assert (row.id, row.starts_at, row.ends_at) == (holiday.id, at(7, 0, month=4), at(9, 0, month=4))
