"""The absences' screens: preview before saving, the repair page, applying line by line, taking back."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, TimeOff
from scheduler.usecases.absences.entering import Absence, AbsenceKind
from scheduler.web.absence_forms import Row, grouped, row_of
from tests.factories import BERLIN, NOW, World, at, make_appointment, make_patient
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
AWAY = {"who": "practitioner-1", "from": "2026-03-09", "until": "2026-03-10", "reason": "Sun"}


@pytest.fixture
def booked(app: Flask, world: World) -> list[int]:
    """Two patients on the 9th, at 10:00 and 11:00."""
    with app.app_context():
        other = make_patient("Ann", "Ache", phone="+49 30 55")
        return [
            make_appointment(world, at(9)).id,
            make_appointment(world, at(9, 11), patient_id=other.id).id,
        ]


def save_absence(desk: Browser) -> str:
    answer = desk.post("/absences", AWAY)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def fields(page: str) -> dict[str, str]:
    """What the repair page's form would send as it is shown."""
    form = page.split('<form id="repair"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    radios = re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', form)
    return hidden | dict(radios)


def starts(app: Flask, number: int) -> tuple[datetime, str]:
    with app.app_context():
        row = db.session.get_one(Appointment, number)
        return row.starts_at, row.status


def test_nothing_is_saved_before_it_is_previewed(app: Flask, desk: Browser, booked: list[int]) -> None:
    page = desk.post("/absences/preview", AWAY).text
    assert "Nothing is saved yet." in page
    assert re.findall(r"<b>(\d+)</b> (appointments?|patients?|plans?)", page) == [
        ("2", "appointments"),
        ("2", "patients"),
        ("0", "plans"),
    ]
    with app.app_context():
        assert db.session.scalars(select(TimeOff)).all() == []


def test_saving_leads_to_what_is_displaced_and_applying_moves_it(
    app: Flask, desk: Browser, booked: list[int]
) -> None:
    where = save_absence(desk)
    page = desk.get(where).text
    assert (where, page.count("data-line=")) == ("/absences/time-off/1", 2)
    done = desk.post("/absences/apply", fields(page))
    assert done.text.count("Moved.") == 2
    assert {starts(app, number)[0].date().day for number in booked} <= {6, 11, 12, 13, 5, 4, 3}
    assert "Nothing is booked for that time any more." in desk.get(where).text


def test_script_applies_one_line_and_gets_its_result_alone(
    app: Flask, desk: Browser, booked: list[int]
) -> None:
    sent = fields(desk.get(save_absence(desk)).text)
    one = {name: value for name, value in sent.items() if not name.endswith(f"-{booked[1]}")}
    part = desk.post("/absences/apply", one, HX_Request="true").text
    assert re.findall(r'data-state="(\w+)"', part) == ["moved"]
    assert "<html" not in part
    assert starts(app, booked[1])[0] == at(9, 11)


def test_line_taken_meanwhile_says_so_and_keeps_the_others(
    app: Flask, world: World, desk: Browser, booked: list[int]
) -> None:
    sent = fields(desk.get(save_absence(desk)).text)
    code = sent[f"slot-{booked[0]}"].split("|")
    with app.app_context():
        make_appointment(
            world,
            datetime.fromtimestamp(int(code[0]), at(1).tzinfo),
            patient_id=make_patient("Bea").id,
            room_id=world.room_ids[1],
        )
    part = desk.post("/absences/apply", sent, HX_Request="true").text
    assert re.findall(r'data-state="(\w+)"', part) == ["taken", "moved"]
    assert "Somebody else has this slot meanwhile." in part
    assert starts(app, booked[0])[0] == at(9)


def test_line_is_released_called_or_left(app: Flask, desk: Browser, booked: list[int]) -> None:
    page = desk.get(save_absence(desk)).text
    assert 'href="tel:+49 30 55"' in page
    sent = fields(page) | {f"do-{booked[0]}": "release", f"do-{booked[1]}": "call"}
    assert desk.post("/absences/apply", sent).text.count("Released:") == 1
    assert [starts(app, number)[1] for number in booked] == ["cancelled", "booked"]
    none = fields(desk.get("/absences/time-off/1").text) | {f"do-{booked[1]}": "later"}
    assert "No line was selected; nothing was changed." in desk.post("/absences/apply", none).text


def test_other_slots_are_shown_without_those_of_other_lines(desk: Browser, booked: list[int]) -> None:
    sent = fields(desk.get(save_absence(desk)).text)
    part = desk.post(f"/absences/lines/{booked[0]}", sent, HX_Request="true").text
    codes = re.findall(r'name="slot-\d+" value="([^"]+)"', part)
    assert len(codes) == 12
    assert sent[f"slot-{booked[0]}"] in codes
    assert sent[f"slot-{booked[1]}"] not in codes
    page = desk.get(f"/absences/lines/{booked[0]}?gap=time_off:1").text
    moved = desk.post(
        "/absences/apply",
        {
            "gap": "time_off:1",
            f"version-{booked[0]}": "1",
            f"do-{booked[0]}": "move",
            f"slot-{booked[0]}": codes[3],
        },
    )
    assert "Move it there" in page
    assert "Moved." in moved.text


def test_room_out_of_use_is_saved_and_emptied_into_the_other_one(
    app: Flask, world: World, desk: Browser, booked: list[int]
) -> None:
    asked = AWAY | {"who": f"room-{world.room_ids[0]}", "until": "", "reason": "Flood"}
    preview = desk.post("/absences/preview", asked).text
    assert "<b>2</b> can stay at their time in another room" in preview
    assert preview.count("same time, only another room: no mail is sent") == 2
    where = desk.post("/absences", asked).location
    assert where == "/absences/closures/1"
    assert "out of use · Flood" in desk.get("/absences").text
    day = desk.get("/diary?on=2026-03-09&view=rooms").text
    assert "out of use up to and including Mon 9 Mar: Flood" in day
    assert desk.post("/absences/apply", fields(desk.get(where).text)).text.count("Moved.") == 2
    with app.app_context():
        rows = db.session.scalars(select(Appointment).order_by(Appointment.id)).all()
        assert [(row.starts_at, row.room_id) for row in rows] == [
            (at(9), world.room_ids[1]),
            (at(9, 11), world.room_ids[1]),
        ]
    desk.post("/absences/closures/1/remove")
    assert "Nobody is away and nothing is closed." in desk.get("/absences").text


def test_list_shows_what_is_still_booked_and_takes_back(desk: Browser, booked: list[int]) -> None:
    empty = desk.get("/absences").text
    assert "Nobody is away and nothing is closed." in empty
    assert 'href="/absences/new"' in empty
    save_absence(desk)
    assert "2 still booked" in desk.get("/absences").text
    desk.post("/absences/time-off/1/remove")
    assert "Nobody is away and nothing is closed." in desk.get("/absences").text


def test_near_and_unrepaired_absences_come_first_and_later_closures_are_folded() -> None:
    def row(kind: AbsenceKind, day: int, appointments: int = 0) -> Row:
        starts = NOW + timedelta(days=day)
        ends = starts + timedelta(days=1)
        return row_of(Absence(kind, day, 1, "", starts, ends, BERLIN, "", appointments))

    away, room, closed = AbsenceKind.TIME_OFF, AbsenceKind.ROOM, AbsenceKind.CLOSURE
    rows = [row(away, -1), row(closed, 27), row(closed, 28), row(away, 40), row(room, 50), row(closed, 60, 2)]
    found = grouped(rows, NOW)
    assert (found.soon, found.later, found.closures) == ([rows[0], rows[1], rows[5]], rows[3:5], [rows[2]])


def test_closure_is_saved_and_its_page_shows_the_displaced(desk: Browser, booked: list[int]) -> None:
    answer = desk.post("/absences", AWAY | {"who": "location-1", "until": ""})
    assert answer.location == "/absences/closures/1"
    assert desk.get("/absences/closures/1").text.count("data-line=") == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"who": ""}, "Please choose one practitioner, location or room."),
        ({"from": "soon"}, "Please enter the dates, such as 2026-08-03."),
        ({"until": "2026-03-08"}, "The end must be later than the beginning."),
        (
            {"from": "2026-03-29", "from_time": "02:30", "until": "2026-03-30"},
            "The clocks go forward then: 2026-03-29 02:30 does not exist. Take 01:55 or 03:00.",
        ),
    ],
)
def test_nonsense_is_refused_and_what_was_entered_kept(
    desk: Browser, booked: list[int], changes: dict[str, str], sentence: str
) -> None:
    for path in ("/absences/preview", "/absences"):
        answer = desk.post(path, AWAY | changes)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert 'value="Sun"' in answer.text


def test_choice_that_cannot_be_read_is_refused(desk: Browser, booked: list[int]) -> None:
    save_absence(desk)
    for form in (
        {"gap": "nothing"},
        {"gap": "room:x:1:2"},
        {"gap": "time_off:1", f"do-{booked[0]}": "move", f"slot-{booked[0]}": "a|b"},
    ):
        assert desk.post("/absences/apply", form).status_code == 422


def test_practitioner_sees_but_does_not_decide(stranger: Browser, desk: Browser, booked: list[int]) -> None:
    save_absence(desk)
    stranger.sign_in("practitioner")
    page = stranger.get("/absences/time-off/1").text
    assert page.count("data-line=") == 2
    assert "Apply selected" not in page
    assert "Enter an absence" not in stranger.get("/absences").text
    assert stranger.get("/absences/new").status_code == 403


def test_absence_that_has_begun_is_ended_now(app: Flask, desk: Browser) -> None:
    desk.post("/absences", AWAY | {"from": "2026-03-02"})
    assert "End now" in desk.get("/absences").text
    desk.post("/absences/time-off/1/remove")
    with app.app_context():
        row = db.session.scalars(select(TimeOff)).one()
        assert row.ends_at - row.starts_at < timedelta(days=1)
