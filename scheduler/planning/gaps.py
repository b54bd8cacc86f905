"""Who could use a free slot: plans that are behind, then the waitlist, then plans that would move forward.

A slot is an `Opening`; what wants it is one of three kinds of `Claim`. `shortlist` judges each by days and wishes and
puts them in order, `fitted` finds each a start at which its patient is free and rested, `one_each` keeps a patient's
first.

Days are local dates of the slot's location, minutes count from midnight on its wall clock, ticks are those of
`timeline`. The practitioners and the location that a plan or an entry names are kept to; a plan's weekdays and times
are wishes: a miss is noted and ranks lower, as somebody who is behind would rather come at another time than not at
all. A plan whose window is over already fits nowhere any more, so it wants any slot, and most of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from scheduler.planning.cadence import Window
from scheduler.planning.timeline import TICK_MINUTES

BEHIND, WAITLIST, EARLIER = "behind", "waitlist", "earlier"
ORDER = (BEHIND, WAITLIST, EARLIER)
URGENCIES = ("urgent", "soon", "routine")


@dataclass(frozen=True, slots=True)
class Opening:
    """A free slot [start_tick, end_tick) of a practitioner, on one local day."""

    practitioner_id: int
    location_id: int
    day: date
    minute: int
    """Of the day, at start_tick."""
    start_tick: int
    end_tick: int
    starts: Mapping[int, Sequence[int]]
    """Type -> the ticks, ascending, at which it can begin here and end within the slot, as the diary allows it."""
    lengths: Mapping[int, int]
    """Type -> its duration in ticks."""
    own_starts: Mapping[tuple[int, int], Sequence[int]] = field(default_factory=dict)
    """(type, ticks) -> the same for an appointment of that type that was given a length of its own."""

    def length_of(self, claim: "Claim") -> int:
        """In ticks: how long the claim's appointment is."""
        return claim.own_ticks or self.lengths[claim.type_id]

    def starts_of(self, claim: "Claim") -> Sequence[int]:
        """Where the claim's appointment can begin; none where its type does not fit."""
        if claim.own_ticks is None:
            return self.starts.get(claim.type_id, ())
        return self.own_starts.get((claim.type_id, claim.own_ticks), ())

    def minute_of(self, tick: int) -> int:
        """The minute of the day at a tick of the slot."""
        return self.minute + (tick - self.start_tick) * TICK_MINUTES


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; empty or None: nothing. Weekdays count from 0, Monday."""

    practitioner_ids: frozenset[int] = frozenset()
    location_id: int | None = None
    weekdays: frozenset[int] = frozenset()
    from_minute: int | None = None
    until_minute: int | None = None
    usual_practitioner_id: int | None = None
    """Who prescribed: another one is noted, not refused."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The session booked after the one in question, and the gap that it should keep from it."""

    day: date
    tick: int
    min_days: int
    max_days: int

    def days_off(self, previous_day: date) -> int:
        """By how many days the gap from that day is too short or too long."""
        days = (self.day - previous_day).days
        return max(self.min_days - days, days - self.max_days, 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who may want the slot: what the three kinds have in common."""

    number: int
    """Names the claim among its kind: the planned session, the entry, the appointment to be moved."""
    patient_id: int
    type_id: int
    is_needling: bool
    wishes: Wishes
    own_ticks: int | None = field(default=None, kw_only=True)
    """The length of the appointment that would move here, where it is not its type's."""


@dataclass(frozen=True, slots=True)
class ToPlace(Claim):
    """A plan's first session to place; `next` is the one booked after it."""

    plan_id: int
    session_number: int
    window: Window
    next: Neighbour | None


@dataclass(frozen=True, slots=True)
class Entry(Claim):
    """An entry of the waitlist; dates included, the whole appointment within the times."""

    wanted_from: date
    wanted_until: date
    urgency: str
    since: date
    since_second: int
    """When it was entered: what waits longer comes first."""
    releases_id: int | None = None
    """A later appointment of the patient's, which would be moved here."""


@dataclass(frozen=True, slots=True)
class ToMove(Claim):
    """A plan's booked session, which could come here from its own `day`; `next` is the one booked after it."""

    plan_id: int
    planned_session_id: int
    session_number: int
    day: date
    tick: int
    window: Window
    next: Neighbour | None


class Note(NamedTuple):
    """Why somebody is ranked, or what is not as wished: a code and the numbers to word it with."""

    code: str
    params: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Engaged:
    """A patient's own appointments around the slot, by their identity."""

    busy: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """[start, end) in ticks."""
    needling: Mapping[int, int] = field(default_factory=dict)
    """Wall minutes since the year 1."""


class Ranked(NamedTuple):
    """A claim in its place: `rank` orders it; `starts` are the ticks that suit it, the most welcome first."""

    reason: str
    rank: tuple[int, ...]
    claim: ToPlace | Entry | ToMove
    starts: tuple[int, ...]
    releases_id: int | None
    notes: tuple[Note, ...]


def shortlist(opening: Opening, claims: Iterable[ToPlace | Entry | ToMove], today: date) -> list[Ranked]:
    """Who could use the slot by days and wishes, first choice first; their own diaries are not looked at yet."""
    found = []
    for claim in claims:
        if not opening.starts_of(claim) or not _may(opening, claim.wishes):
            continue
        if isinstance(claim, ToPlace):
            ranked = _behind(opening, claim, today)
        elif isinstance(claim, Entry):
            ranked = _waiting(opening, claim, today)
        else:
            ranked = _earlier(opening, claim)
        if ranked is not None:
            found.append(ranked)
    return sorted(found, key=lambda one: one.rank)


def fitted(
    opening: Opening, ranked: Iterable[Ranked], engaged: Mapping[int, Engaged], rest_minutes: int
) -> list[Ranked]:
    """Those whose patient is free and rested at a start, with the starts that remain."""
    found = []
    for one in ranked:
        diary = engaged.get(one.claim.patient_id)
        starts = one.starts if diary is None else _free_starts(opening, one, diary, rest_minutes)
        if starts:
            found.append(one._replace(starts=starts))
    return found


def one_each(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Every patient once, for the first reason."""
    found: dict[int, Ranked] = {}
    for one in ranked:
        found.setdefault(one.claim.patient_id, one)
    return list(found.values())


def _may(opening: Opening, wishes: Wishes) -> bool:
    if wishes.practitioner_ids and opening.practitioner_id not in wishes.practitioner_ids:
        return False
    return wishes.location_id in {None, opening.location_id}


def _behind(opening: Opening, claim: ToPlace, today: date) -> Ranked | None:
    days_left = (claim.window.latest - today).days
    if days_left < 0:
        if opening.day < claim.window.earliest:
            return None
        why = Note("late", {"days": -days_left})
    elif opening.day in claim.window:
        why = Note("closes", {"days": days_left})
    else:
        return None
    starts = _before(opening, claim)
    if claim.next is not None and (claim.next.day - opening.day).days < claim.next.min_days:
        return None
    missed = _missed(opening, claim, starts)
    rank = (ORDER.index(BEHIND), days_left, len(missed), claim.number)
    return Ranked(BEHIND, rank, claim, starts, None, (why, *missed)) if starts else None


def _waiting(opening: Opening, claim: Entry, today: date) -> Ranked | None:
    wishes = claim.wishes
    if not claim.wanted_from <= opening.day <= claim.wanted_until:
        return None
    if wishes.weekdays and opening.day.weekday() not in wishes.weekdays:
        return None
    length = opening.length_of(claim) * TICK_MINUTES
    first = wishes.from_minute if wishes.from_minute is not None else 0
    last = (wishes.until_minute if wishes.until_minute is not None else 2 * 1440) - length
    starts = tuple(tick for tick in opening.starts_of(claim) if first <= opening.minute_of(tick) <= last)
    urgency = URGENCIES.index(claim.urgency)
    why = [Note("waits", {"days": max((today - claim.since).days, 0)})]
    if claim.urgency != URGENCIES[-1]:
        why.insert(0, Note(claim.urgency, {}))
    rank = (ORDER.index(WAITLIST), urgency, claim.since_second, claim.number)
    return Ranked(WAITLIST, rank, claim, starts, claim.releases_id, tuple(why)) if starts else None


def _earlier(opening: Opening, claim: ToMove) -> Ranked | None:
    starts = movable_to(opening, claim)
    overdue = max((claim.day - claim.window.latest).days, 0)
    gain = abs((claim.day - claim.window.ideal).days) - abs((opening.day - claim.window.ideal).days)
    if not starts or not (overdue or gain > 0):
        return None
    why = Note("back_in_window", {"days": overdue}) if overdue else Note("closer", {"days": gain})
    missed = _missed(opening, claim, starts)
    rank = (ORDER.index(EARLIER), -overdue, -gain, len(missed), claim.number)
    return Ranked(EARLIER, rank, claim, starts, claim.number, (why, *missed))


def movable_to(opening: Opening, claim: ToMove) -> tuple[int, ...]:
    """The starts to which a booked session may come forward: inside its window, and breaking nothing after it."""
    if opening.end_tick > claim.tick or opening.day not in claim.window:
        return ()
    if claim.next is not None and claim.next.days_off(opening.day) > claim.next.days_off(claim.day):
        return ()
    return _before(opening, claim)


def _before(opening: Opening, claim: ToPlace | ToMove) -> tuple[int, ...]:
    """The starts from which it ends before the session after it begins, those at a time that is wished for first."""
    length, later = opening.length_of(claim), claim.next
    starts = [tick for tick in opening.starts_of(claim) if later is None or tick + length <= later.tick]
    if len(starts) < 2:
        return tuple(starts)
    return tuple(sorted(starts, key=lambda tick: (not _timely(opening, claim.wishes, tick), tick)))


def _timely(opening: Opening, wishes: Wishes, tick: int) -> bool:
    first = wishes.from_minute if wishes.from_minute is not None else 0
    return first <= opening.minute_of(tick) and (
        wishes.until_minute is None or opening.minute_of(tick) < wishes.until_minute
    )


def _missed(opening: Opening, claim: Claim, starts: Sequence[int]) -> list[Note]:
    """A plan's wishes that the slot does not meet; the time is met if any of the starts does."""
    wishes, found = claim.wishes, []
    if wishes.weekdays and opening.day.weekday() not in wishes.weekdays:
        found.append(Note("outside_preference_weekday", {}))
    if not any(_timely(opening, wishes, tick) for tick in starts):
        found.append(Note("outside_preference_time", {}))
    usual = wishes.usual_practitioner_id
    if not wishes.practitioner_ids and usual is not None and opening.practitioner_id != usual:
        found.append(Note("outside_preference_practitioner", {}))
    return found


def _free_starts(opening: Opening, one: Ranked, diary: Engaged, rest_minutes: int) -> tuple[int, ...]:
    length = opening.length_of(one.claim)
    busy = [span for number, span in diary.busy.items() if number != one.releases_id]
    needling = [wall for number, wall in diary.needling.items() if number != one.releases_id]
    midnight = opening.day.toordinal() * 1440
    return tuple(
        tick
        for tick in one.starts
        if all(tick >= end or tick + length <= start for start, end in busy)
        and (
            not one.claim.is_needling
            or all(abs(midnight + opening.minute_of(tick) - wall) >= rest_minutes for wall in needling)
        )
    )
