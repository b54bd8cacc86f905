"""Slots for many displaced appointments at once, none promised twice.

First one by one, those whose window ends first; then whoever has none gets one by chains of moves; then, where that
leaves someone out and few are concerned, branch and bound decides how many can be housed. Last, slots get cheaper.
"""

from collections.abc import Mapping, Sequence

from scheduler.planning.repair.chains import Chains
from scheduler.planning.repair.displaced import Displaced, DisplacedReason, Offer, RehousedLine
from scheduler.planning.repair.exact import Exact
from scheduler.planning.repair.market import Market
from scheduler.planning.series import Supply, Weights
from scheduler.planning.series.reasons import Reasons

FEW = 12
"""For so many appointments that compete with each other the number housed is the most there can be."""
ROUNDS = 4

_DEFAULT = Weights()


def repair_all(
    displaced: Sequence[Displaced],
    supplies: Sequence[Supply],
    rooms: Mapping[int, Mapping[int, int]],
    weights: Weights = _DEFAULT,
) -> list[RehousedLine]:
    """A line for each displaced appointment, in the order given: a slot within its window, or why there is none.

    As many as possible get one; then those whose window ends first; then costs count: days off the ideal, another time
    of day, weekday, practitioner or location than the patient is used to. `rooms` holds the busy ticks by location and
    room. Supplies and rooms must be worked out as if the displaced appointments did not exist, and share a horizon that
    reaches beyond all windows by the longest buffer. Practitioner, room and patient are each promised once. The number
    is exact for up to 12 appointments that compete with each other, and near the most there can be for more.

    The same question has the same answer. ValueError if two appointments have the same id.
    """
    if len({one.appointment_id for one in displaced}) != len(displaced):
        raise ValueError("a displaced appointment may be named only once")
    market = Market(displaced, supplies, rooms, weights)
    housing = _Housing(market)
    housing.settle()
    reasons: dict[frozenset[int] | None, Reasons] = {}
    return [_line(market, at, reasons) for at in range(len(displaced))]


class _Housing:
    def __init__(self, market: Market) -> None:
        self._market, self._chains = market, Chains(market)
        able = [at for at, found in enumerate(market.candidates) if found]
        self._urgent = sorted(able, key=self._urgency)

    def settle(self) -> None:
        """Fill the market's promises."""
        market = self._market
        for at in self._urgent:
            free = next(market.open_candidates(at), None)
            if free:
                market.promise(at, free)
        for at in self._left_out():
            self._chains.house(at)
        for group in self._groups():
            if len(group) <= FEW and any(at not in market.promises for at in group):
                self._settle_exactly(group)
        self._prefer_urgent()
        for _ in range(ROUNDS):
            improved = [self._chains.improve(at) for at in self._urgent if at in market.promises]
            if not any(improved):
                break

    def _urgency(self, at: int) -> tuple[int, int, int]:
        one = self._market.displaced[at]
        return one.window.latest.toordinal(), len(self._market.candidates[at]), one.appointment_id

    def _left_out(self) -> list[int]:
        return [at for at in self._urgent if at not in self._market.promises]

    def _settle_exactly(self, group: list[int]) -> None:
        market = self._market
        held = {at: market.withdraw(at) for at in group if at in market.promises}
        found = Exact(market, group).more_than(len(held))
        for at, promise in (held if found is None else found).items():
            market.restore(at, promise)

    def _prefer_urgent(self) -> None:
        """Where someone must be left out, let it be one whose window ends later."""
        for at in self._left_out():
            after = self._urgent.index(at) + 1
            later = {
                other
                for other in self._urgent[after:]
                if self._market.displaced[other].window.latest > self._market.displaced[at].window.latest
            }
            self._chains.house_instead(at, later)

    def _groups(self) -> list[list[int]]:
        """The appointments that compete with each other, directly or through others, most urgent first."""
        groups: list[tuple[set[tuple[str, int]], list[int]]] = []
        for at in self._urgent:
            wants, members = self._resources(at), [at]
            apart = []
            for resources, others in groups:
                if resources & wants:
                    wants |= resources
                    members = [*others, *members]
                else:
                    apart.append((resources, others))
            groups = [*apart, (wants, members)]
        return [members for _, members in groups]

    def _resources(self, at: int) -> set[tuple[str, int]]:
        one = self._market.displaced[at]
        found = {("patient", one.patient_id)}
        for candidate in self._market.candidates[at]:
            supply = self._market.supplies[candidate.supply]
            found.add(("practitioner", supply.practitioner_id))
            if one.needs_room:
                found.add(("location", supply.location_id))
        return found


def _line(market: Market, at: int, reasons: dict[frozenset[int] | None, Reasons]) -> RehousedLine:
    one, promise = market.displaced[at], market.promises.get(at)
    if promise is None:
        return RehousedLine(one.appointment_id, None, _reason(market, at, reasons))
    candidate = promise.candidate
    supply = market.supplies[candidate.supply]
    offer = Offer(
        tick=supply.clock.horizon.start_tick + candidate.begin,
        day=candidate.day,
        minute=candidate.minute,
        practitioner_id=supply.practitioner_id,
        location_id=supply.location_id,
        room_id=promise.room,
        cost=candidate.cost,
    )
    return RehousedLine(one.appointment_id, offer)


def _reason(market: Market, at: int, reasons: dict[frozenset[int] | None, Reasons]) -> DisplacedReason:
    """Why an appointment has no slot: the first thing that leaves nothing of its window."""
    one = market.displaced[at]
    if market.candidates[at]:
        return "needed_by_others"
    accepted = [
        supply for supply in market.supplies if one.accepts is None or supply.practitioner_id in one.accepts
    ]
    if market.supplies and not accepted:
        return "not_accepted"
    if one.accepts not in reasons:
        reasons[one.accepts] = Reasons(accepted)
    days = (one.window.earliest.toordinal(), one.window.latest.toordinal())
    found = reasons[one.accepts].find(one.appointment_type_id, days, one.earlier, one.later)
    return "patient_busy" if found == "other_sessions" else found
