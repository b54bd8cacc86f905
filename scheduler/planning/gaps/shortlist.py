"""Who could use a free slot by days and wishes.

The practitioners and the location that a plan or an entry names are kept to; a plan's weekdays and times are wishes: a
miss is noted and ranks lower, as somebody who is behind would rather come at another time than not at all. A plan whose
window is over already fits nowhere any more, so it wants any slot, and most of all.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from scheduler.planning.gaps.claims import Claim, Entry, Note, Opening, Ranked, ToMove, ToPlace, Wishes
from scheduler.planning.timeline import TICK_MINUTES

BEHIND, WAITLIST, EARLIER = "behind", "waitlist", "earlier"
ORDER = (BEHIND, WAITLIST, EARLIER)
URGENCIES = ("urgent", "soon", "routine")


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
