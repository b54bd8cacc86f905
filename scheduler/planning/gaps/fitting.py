"""Holding a shortlist against the diaries of its patients."""

from collections.abc import Iterable, Mapping

from scheduler.planning.gaps.claims import Engaged, Opening, Ranked


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
