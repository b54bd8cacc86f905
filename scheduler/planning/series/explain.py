"""What a series costs and why, worked out session by session from the facts, not from the search that found it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from scheduler.planning.cadence import Window
from scheduler.planning.series.costs import (
    Weights,
    fragmented_starts,
    location_missed_cost,
    practitioner_missed_cost,
    time_change_cost,
    time_missed_cost,
    weekday_change_cost,
    weekday_missed_cost,
    weekday_of,
)
from scheduler.planning.series.diary import day_bits, kind_of
from scheduler.planning.series.legs import rest_between, rest_ticks
from scheduler.planning.series.reasons import Neighbour, Reasons
from scheduler.planning.series.sessions import (
    Choice,
    Difference,
    Note,
    PlacedSession,
    Preferences,
    Proposal,
    ReasonCode,
    Supply,
    Unplaced,
    WantedSession,
)
from scheduler.planning.timeline import TICK_MINUTES


class Question(NamedTuple):
    """Everything that a series is looked for with. `first` is the first session's window."""

    sessions: Sequence[WantedSession]
    supplies: Sequence[Supply]
    preferences: Preferences
    first: Window
    weights: Weights


class Start(NamedTuple):
    """Where a session of the series stands."""

    wanted: WantedSession
    tick: int
    day: int
    minute: int
    practitioner_id: int
    location_id: int


class Before(NamedTuple):
    """What a session follows: the start before it, the day that its gap counts from, and what is left out between.

    `start` is None while nothing is held, `day` before the first session only.
    """

    start: Start | None = None
    day: int | None = None
    left_out: int = 0
    left_out_days: int = 0


def explain(
    question: Question,
    chosen: Mapping[int, Choice],
    reasons: Reasons,
    differs_in: Difference | None = None,
) -> Proposal:
    """The proposal that a choice of starts by session number amounts to; sessions not chosen are left out.

    Believes that the choice keeps all rules: `check` is there to find out.
    """
    placed: list[PlacedSession] = []
    unplaced: list[Unplaced] = []
    steps = list(walk(question, chosen))
    for index, (wanted, before, start) in enumerate(steps):
        if start is None:
            after = steps[index + 1][2] if index + 1 < len(steps) else None
            unplaced.append(Unplaced(wanted.number, _reason(question, reasons, wanted, before, after)))
        else:
            placed.append(_placed(question, before, start, chosen.get(wanted.number)))
    cost = sum(note.cost for session in placed for note in session.notes)
    cost += len(unplaced) * question.weights.unplaced
    return Proposal(cost, tuple(placed), tuple(unplaced), differs_in)


def check(question: Question, chosen: Mapping[int, Choice]) -> None:
    """ValueError, naming the session, if a chosen start cannot be booked or breaks a window or a rest."""
    for wanted, before, start in walk(question, chosen):
        if start is None:
            continue
        if wanted.fixed is None:
            choice = chosen[wanted.number]
            supply = question.supplies[choice.supply]
            index = supply.clock.horizon.index(choice.tick)
            if not supply.starts.get(wanted.appointment_type_id, 0) >> index & 1:
                raise ValueError(f"session {wanted.number} cannot start at tick {choice.tick}")
        if _is_bound(before, start):
            _check_gap(question, before, start)


def walk(
    question: Question, chosen: Mapping[int, Choice]
) -> Iterator[tuple[WantedSession, Before, Start | None]]:
    """Every session with what it follows, and its start unless it is left out."""
    before = Before()
    for wanted in question.sessions:
        start = _start(question, wanted, chosen.get(wanted.number))
        yield wanted, before, start
        if start:
            before = Before(start, start.day)
        elif before.day is None:
            before = Before(None, question.first.ideal.toordinal(), 1)
        else:
            before = Before(
                before.start,
                before.day + wanted.ideal_days,
                before.left_out + 1,
                before.left_out_days + wanted.ideal_days,
            )


def _start(question: Question, wanted: WantedSession, choice: Choice | None) -> Start | None:
    if wanted.fixed:
        kept = wanted.fixed
        return Start(wanted, kept.tick, kept.day, kept.minute, kept.practitioner_id, kept.location_id)
    if choice is None:
        return None
    supply = question.supplies[choice.supply]
    day, minute = supply.clock.at(supply.clock.horizon.index(choice.tick))
    return Start(wanted, choice.tick, day, minute, supply.practitioner_id, supply.location_id)


def _is_bound(before: Before, start: Start) -> bool:
    """Whether how a session follows what is before it is charged and can be refused: not if both are kept."""
    return not start.wanted.fixed or (before.start is not None and not before.start.wanted.fixed)


def _check_gap(question: Question, before: Before, start: Start) -> None:
    wanted, window = start.wanted, question.first
    if before.day is None:
        fits = window.earliest.toordinal() <= start.day <= window.latest.toordinal()
    else:
        fits = wanted.min_days <= start.day - before.day <= wanted.max_days
    if not fits and not (wanted.fixed and before.left_out):
        raise ValueError(f"session {wanted.number} is outside its window")
    if before.start:
        rest = rest_ticks(rest_between(before.start.wanted, wanted), start.day - before.start.day)
        if rest is not None and (start.minute - before.start.minute) < rest * TICK_MINUTES:
            raise ValueError(
                f"session {wanted.number} is too soon after session {before.start.wanted.number}"
            )


def _placed(question: Question, before: Before, start: Start, choice: Choice | None) -> PlacedSession:
    notes: list[Note] = []
    if _is_bound(before, start):
        notes += _gap_notes(question, before, start)
        if before.start:
            notes += _change_notes(question.weights, before.start, start)
    if choice:
        notes += _preference_notes(question, start)
        notes += _diary_notes(question, start, question.supplies[choice.supply])
    return PlacedSession(
        number=start.wanted.number,
        tick=start.tick,
        day=start.day,
        minute=start.minute,
        practitioner_id=start.practitioner_id,
        location_id=start.location_id,
        days_since_previous=start.day - before.start.day if before.start else None,
        notes=tuple(notes),
        fixed=start.wanted.fixed is not None,
    )


def _gap_notes(question: Question, before: Before, start: Start) -> Iterator[Note]:
    """Days off the ideal. Where sessions before are left out, the days and ideals are summed over them."""
    weights, wanted = question.weights, start.wanted
    if before.day is None:
        gap, ideal = start.day - question.first.ideal.toordinal(), 0
    else:
        gap, ideal = start.day - before.day, wanted.ideal_days
    off = gap - ideal
    cost = abs(off) * weights.day_off_ideal
    if off and before.start:
        params = {"days": start.day - before.start.day, "ideal_days": ideal + before.left_out_days}
        yield Note("gap_longer" if off > 0 else "gap_shorter", cost, params)
    elif off:
        yield Note("start_later" if off > 0 else "start_earlier", cost, {"days": abs(off)})
    cost = weekday_change_cost(weights, gap, ideal)
    if cost and before.day is not None:
        params = {"weekday": weekday_of(start.day), "previous_weekday": weekday_of(before.day)}
        yield Note("other_weekday", cost, params)


def _change_notes(weights: Weights, before: Start, start: Start) -> Iterator[Note]:
    if start.practitioner_id != before.practitioner_id:
        params = {
            "practitioner_id": start.practitioner_id,
            "previous_practitioner_id": before.practitioner_id,
        }
        yield Note("other_practitioner", weights.practitioner_change, params)
    cost = time_change_cost(weights, start.minute - before.minute)
    if cost:
        yield Note("other_time", cost, {"minute": start.minute, "previous_minute": before.minute})


def _preference_notes(question: Question, start: Start) -> Iterator[Note]:
    weights, wishes = question.weights, question.preferences
    who, where = start.practitioner_id, start.location_id
    cost = weekday_missed_cost(weights, wishes, start.day)
    if cost:
        yield Note("outside_preference_weekday", cost, {"weekday": weekday_of(start.day)})
    cost = time_missed_cost(weights, wishes, start.minute)
    if cost:
        yield Note("outside_preference_time", cost, {"minute": start.minute})
    cost = practitioner_missed_cost(weights, wishes, who)
    if cost and who not in wishes.practitioner_ids:
        yield Note("outside_preference_practitioner", cost, {"practitioner_id": who})
    elif cost:
        place = wishes.practitioner_ids.index(who) + 1
        yield Note("later_choice_practitioner", cost, {"practitioner_id": who, "place": place})
    cost = location_missed_cost(weights, wishes, where)
    if cost:
        yield Note("outside_preference_location", cost, {"location_id": where})


def _diary_notes(question: Question, start: Start, supply: Supply) -> Iterator[Note]:
    kind, weights = kind_of(start.wanted), question.weights
    free = day_bits(supply.clock, supply.free, start.day)
    split = fragmented_starts(free, kind.before, kind.length, weights.usable_ticks)
    if weights.fragmented and split >> start.minute // TICK_MINUTES & 1:
        yield Note("fragments_diary", weights.fragmented)


def _reason(
    question: Question, reasons: Reasons, wanted: WantedSession, before: Before, after: Start | None
) -> ReasonCode:
    """Why a session is left out: the first thing that leaves nothing of its window."""
    if before.day is None:
        days = (question.first.earliest.toordinal(), question.first.latest.toordinal())
    else:
        days = (before.day + wanted.min_days, before.day + wanted.max_days)
    earlier = later = None
    if before.start:
        earlier = Neighbour(before.start.day, before.start.minute, rest_between(before.start.wanted, wanted))
    if after:
        later = Neighbour(after.day, after.minute, rest_between(wanted, after.wanted))
    return reasons.find(wanted.appointment_type_id, days, earlier, later)
