"""Who could use a free slot, worked out rule by rule and minute by minute: slow, and apart from the real one."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from scheduler.planning.gaps import Engaged, Entry, Opening, ToMove, ToPlace

Claim = ToPlace | Entry | ToMove
URGENCY = {"urgent": 0, "soon": 1, "routine": 2}


def naive_ranking(
    opening: Opening,
    claims: Sequence[Claim],
    engaged: Mapping[int, Engaged],
    rest_minutes: int,
    today: object,
) -> list[tuple[str, int]]:
    """(reason, number) of each patient's first claim, first choice first."""
    kinds = {ToPlace: "behind", Entry: "waitlist", ToMove: "earlier"}
    able = [
        claim
        for claim in claims
        if any(_suits(opening, claim, tick, engaged, rest_minutes, today) for tick in _starts(opening, claim))
    ]
    able.sort(key=lambda claim: _order(opening, claim, today))
    seen: set[int] = set()
    found = []
    for claim in able:
        if claim.patient_id not in seen:
            seen.add(claim.patient_id)
            found.append((kinds[type(claim)], claim.number))
    return found


def _starts(opening: Opening, claim: Claim) -> list[int]:
    return [tick for tick in opening.starts.get(claim.type_id, ()) if tick >= opening.start_tick]


def _suits(opening, claim, tick, engaged, rest_minutes, today) -> bool:  # type: ignore[no-untyped-def]
    wishes, end = claim.wishes, tick + opening.lengths[claim.type_id]
    if wishes.practitioner_ids and opening.practitioner_id not in wishes.practitioner_ids:
        return False
    if wishes.location_id is not None and wishes.location_id != opening.location_id:
        return False
    own = (
        claim.releases_id if isinstance(claim, Entry) else claim.number if isinstance(claim, ToMove) else None
    )
    diary = engaged.get(claim.patient_id, Engaged())
    for number, (first, last) in diary.busy.items():
        if number != own and set(range(tick, end)) & set(range(first, last)):
            return False
    wall = opening.day.toordinal() * 1440 + opening.minute + 5 * (tick - opening.start_tick)
    if claim.is_needling:
        for number, other in diary.needling.items():
            if number != own and -rest_minutes < other - wall < rest_minutes:
                return False
    if isinstance(claim, Entry):
        minute = opening.minute + 5 * (tick - opening.start_tick)
        over = minute + 5 * opening.lengths[claim.type_id]
        days = [
            claim.wanted_from + timedelta(days=n)
            for n in range((claim.wanted_until - claim.wanted_from).days + 1)
        ]
        return (
            opening.day in days
            and (not wishes.weekdays or opening.day.weekday() in wishes.weekdays)
            and (wishes.from_minute is None or minute >= wishes.from_minute)
            and (wishes.until_minute is None or over <= wishes.until_minute)
        )
    if claim.next is not None and end > claim.next.tick:
        return False
    window = claim.window
    if isinstance(claim, ToPlace):
        gap = None if claim.next is None else (claim.next.day - opening.day).days
        if gap is not None and gap < claim.next.min_days:
            return False
        if window.latest < today:
            return opening.day >= window.earliest
        return window.earliest <= opening.day <= window.latest
    if opening.end_tick > claim.tick or not window.earliest <= opening.day <= window.latest:
        return False
    if claim.next is not None and _off(claim.next, opening.day) > _off(claim.next, claim.day):
        return False
    closer = abs((opening.day - window.ideal).days) < abs((claim.day - window.ideal).days)
    return closer or claim.day > window.latest


def _off(later, day) -> int:  # type: ignore[no-untyped-def]
    gap = (later.day - day).days
    return later.min_days - gap if gap < later.min_days else max(gap - later.max_days, 0)


def _order(opening, claim, today):  # type: ignore[no-untyped-def]
    if isinstance(claim, Entry):
        return (1, URGENCY[claim.urgency], claim.since_second, claim.number)
    missed = _missed(opening, claim)
    if isinstance(claim, ToPlace):
        return (0, (claim.window.latest - today).days, missed, claim.number)
    overdue = max((claim.day - claim.window.latest).days, 0)
    gain = abs((claim.day - claim.window.ideal).days) - abs((opening.day - claim.window.ideal).days)
    return (2, -overdue, -gain, missed, claim.number)


def _missed(opening, claim) -> int:  # type: ignore[no-untyped-def]
    wishes = claim.wishes
    count = int(bool(wishes.weekdays) and opening.day.weekday() not in wishes.weekdays)
    ends = [
        tick
        for tick in _starts(opening, claim)
        if claim.next is None or tick + opening.lengths[claim.type_id] <= claim.next.tick
    ]
    minutes = [opening.minute + 5 * (tick - opening.start_tick) for tick in ends]
    first = wishes.from_minute or 0
    last = wishes.until_minute if wishes.until_minute is not None else 100_000
    count += not any(first <= minute < last for minute in minutes)
    count += bool(
        not wishes.practitioner_ids
        and wishes.usual_practitioner_id is not None
        and wishes.usual_practitioner_id != opening.practitioner_id
    )
    return count
