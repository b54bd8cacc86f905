"""Ranking who could use a slot, held against a naive one on random claims; and what its order means."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.planning.cadence import Window
from scheduler.planning.gaps import (
    Engaged,
    Entry,
    Neighbour,
    Opening,
    ToMove,
    ToPlace,
    Wishes,
    fitted,
    one_each,
    shortlist,
)
from tests.planning.naive_gaps import naive_ranking

DAY = date(2026, 3, 4)
TODAY = date(2026, 3, 2)
START = 5_910_000
MINUTE = 600
REST = 48 * 60

opening_starts = st.fixed_dictionaries(
    {1: st.lists(st.integers(0, 6), unique=True), 2: st.lists(st.integers(0, 0), unique=True)}
)
minutes = st.none() | st.sampled_from([0, 600, 605, 615, 630, 660])
wishes = st.builds(
    Wishes,
    practitioner_ids=st.frozensets(st.integers(1, 2), max_size=2),
    location_id=st.none() | st.integers(1, 2),
    weekdays=st.frozensets(st.integers(0, 6), max_size=4),
    from_minute=minutes,
    until_minute=minutes,
    usual_practitioner_id=st.none() | st.integers(1, 2),
)
days = st.integers(-15, 15).map(lambda n: DAY + timedelta(days=n))
windows = st.tuples(days, st.integers(0, 6), st.integers(0, 6)).map(
    lambda found: Window(
        found[0], found[0] + timedelta(days=found[1]), found[0] + timedelta(days=found[1] + found[2])
    )
)


@st.composite
def neighbours(draw: st.DrawFn) -> Neighbour:
    ahead = draw(st.integers(0, 14))
    least = draw(st.integers(0, 7))
    tick = START + ahead * 288 + draw(st.integers(3, 40))
    return Neighbour(DAY + timedelta(days=ahead), tick, least, least + draw(st.integers(0, 7)))


@st.composite
def claims(draw: st.DrawFn) -> list[ToPlace | Entry | ToMove]:
    found: list[ToPlace | Entry | ToMove] = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        common = {
            "number": number,
            "patient_id": draw(st.integers(1, 5)),
            "type_id": draw(st.integers(1, 3)),
            "is_needling": draw(st.booleans()),
            "wishes": draw(wishes),
        }
        kind = draw(st.sampled_from([ToPlace, Entry, ToMove]))
        if kind is Entry:
            first = draw(days)
            found.append(
                Entry(
                    **common,
                    wanted_from=first,
                    wanted_until=first + timedelta(days=draw(st.integers(0, 20))),
                    urgency=draw(st.sampled_from(["urgent", "soon", "routine"])),
                    since=TODAY,
                    since_second=draw(st.integers(0, 3)),
                    releases_id=draw(st.none() | st.integers(100, 104)),
                )
            )
            continue
        more = {
            "plan_id": number,
            "session_number": 2,
            "window": draw(windows),
            "next": draw(st.none() | neighbours()),
        }
        if kind is ToPlace:
            found.append(ToPlace(**common, **more))
        else:
            later = draw(st.integers(0, 12))
            tick = START + later * 288 + draw(st.integers(4, 30))
            found.append(
                ToMove(
                    **common, **more, planned_session_id=number, day=DAY + timedelta(days=later), tick=tick
                )
            )
    return found


@st.composite
def diaries(draw: st.DrawFn) -> dict[int, Engaged]:
    found = {}
    for patient in draw(st.sets(st.integers(1, 5))):
        busy, needling = {}, {}
        for number in draw(st.sets(st.integers(1, 8) | st.integers(100, 104), max_size=3)):
            tick = START + draw(st.integers(-20, 20))
            busy[number] = (tick, tick + draw(st.integers(1, 12)))
            if draw(st.booleans()):
                needling[number] = DAY.toordinal() * 1440 + MINUTE + draw(st.integers(-REST - 60, REST + 60))
        found[patient] = Engaged(busy, needling)
    return found


def opening_of(starts: dict[int, list[int]]) -> Opening:
    return Opening(
        practitioner_id=1,
        location_id=1,
        day=DAY,
        minute=MINUTE,
        start_tick=START,
        end_tick=START + 12,
        starts={kind: sorted(START + tick for tick in ticks) for kind, ticks in starts.items()},
        lengths={1: 6, 2: 12, 3: 24},
    )


@settings(max_examples=600)
@given(opening_starts, claims(), diaries())
def test_ranking_equals_the_naive_one(
    starts: dict[int, list[int]], found: list[ToPlace | Entry | ToMove], engaged: dict[int, Engaged]
) -> None:
    opening = opening_of(starts)
    ranked = one_each(fitted(opening, shortlist(opening, found, TODAY), engaged, REST))
    mine = [(one.reason, one.claim.number) for one in ranked]
    assert mine == naive_ranking(opening, found, engaged, REST, TODAY)


@given(opening_starts, claims(), diaries())
def test_every_start_lies_in_the_slot_and_off_the_patients_own_diary(
    starts: dict[int, list[int]], found: list[ToPlace | Entry | ToMove], engaged: dict[int, Engaged]
) -> None:
    opening = opening_of(starts)
    for one in fitted(opening, shortlist(opening, found, TODAY), engaged, REST):
        length = opening.lengths[one.claim.type_id]
        others = engaged.get(one.claim.patient_id, Engaged()).busy
        assert all(opening.start_tick <= tick and tick + length <= opening.end_tick for tick in one.starts)
        assert all(
            tick + length <= first or last <= tick
            for tick in one.starts
            for number, (first, last) in others.items()
            if number != one.releases_id
        )


def test_a_time_that_is_wished_for_is_offered_before_an_earlier_one() -> None:
    claim = ToPlace(
        number=1,
        patient_id=1,
        type_id=1,
        is_needling=False,
        wishes=Wishes(from_minute=615),
        plan_id=1,
        session_number=1,
        window=Window(DAY, DAY, DAY),
        next=None,
    )
    (one,) = shortlist(opening_of({1: [0, 3]}), [claim], TODAY)
    assert one.starts == (START + 3, START)
