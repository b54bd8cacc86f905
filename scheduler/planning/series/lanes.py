"""One day of many diaries in one integer: a lane of bits each, so that all are looked at in one operation.

Only the first `width` bits of a lane, its ticks, mean something; the others are a guard, so that what is shifted out of
a lane falls into no other, and comes back when shifted back. There is a guard below the first lane, too. A set is clean
if its guards are empty; the results of `near` and `everywhere` are not, and are to be cut with clean ones.
One lane's ticks can also stand alone, in the place of the first lane (`folded`, `everywhere`).
"""

from collections.abc import Iterable, Sequence
from functools import cache


class Lanes:
    """So many lanes of `width` ticks (a multiple of 8), with guards wide enough for shifts by up to `reach` ticks.

    Lanes of the same group (a practitioner who works at several locations) are `companions`.
    """

    def __init__(self, groups: Sequence[int], width: int, reach: int) -> None:
        self.count, self.width = len(groups), width
        self.size = -(-(width + reach + 1) // 8) * 8
        self.guard = self.size - width
        self._ticks = (1 << width) - 1
        self.first = self._ticks << self.guard
        """All ticks of the first lane."""
        firsts = sum(1 << self.guard + lane * self.size for lane in range(self.count))
        self.all = firsts * self._ticks
        self._firsts, self._lasts = firsts, firsts << (self.size - 1)
        together: dict[int, list[int]] = {}
        for lane, group in enumerate(groups):
            together.setdefault(group, []).append(lane)
        self._companions = [lanes for lanes in together.values() if len(lanes) > 1]
        self._doublings = [self.size << power for power in range((self.count - 1).bit_length())]

    def joined(self, days: Iterable[bytes]) -> int:
        """Lanes side by side, each given by its ticks as bytes; the last ones may be missing."""
        gap = bytes(self.guard // 8)
        return int.from_bytes(gap + gap.join(days), "little")

    def bit(self, lane: int, tick: int) -> int:
        """One tick of one lane."""
        return 1 << (self.guard + lane * self.size + tick)

    def of(self, bits: int, lane: int) -> int:
        """One lane's ticks, from bit 0 on."""
        return bits >> (self.guard + lane * self.size) & self._ticks

    def whole(self, lane: int) -> int:
        """All ticks of one lane."""
        return self.first << lane * self.size

    def locate(self, bit: int) -> tuple[int, int]:
        """The lane and the tick of the lowest bit set."""
        return divmod((bit & -bit).bit_length() - 1 - self.guard, self.size)

    def repeated(self, ticks: int) -> int:
        """The same ticks, given from bit 0 on, in every lane."""
        return self._firsts * ticks

    def folded(self, bits: int) -> int:
        """The ticks set in at least one lane, in the first one."""
        for shift in reversed(self._doublings):
            bits |= bits >> shift
        return bits & self.first

    def everywhere(self, bits: int) -> int:
        """What the first lane holds, in every lane (and maybe in lanes that do not exist)."""
        for shift in self._doublings:
            bits |= bits << shift
        return bits

    def filled(self, bits: int) -> int:
        """All ticks of the lanes in which a tick is set; bits must be clean."""
        # Adding ones to all bits of a lane but the last carries into the last from any tick set.
        touched = (bits + self._lasts - self._firsts) & self._lasts
        return (touched - (touched >> self.size - 1)) & self.all

    def companions(self, bits: int) -> int:
        """The ticks set, also in the other lanes of their group."""
        for lanes in self._companions:
            union = 0
            for lane in lanes:
                union |= self.of(bits, lane)
            for lane in lanes:
                bits |= union << (self.guard + lane * self.size)
        return bits

    def near(self, bits: int, lo: int, hi: int) -> int:
        """The ticks t + j, for every tick t set and lo <= j <= hi; neither may exceed the reach. None if lo > hi."""
        if lo > hi:
            return 0
        for shift in _shifts(hi - lo):
            bits |= bits << shift
        return bits << lo if lo >= 0 else bits >> -lo

    def wider(self, bits: int, by: int) -> int:
        """All ticks at most `by` from ones set, which must stand in runs of `by` or more, guards and ends aside.

        Clean, so that widening again and again does not creep through the guards.
        """
        return (bits | bits << by | bits >> by) & self.all

    def since_earliest(self, bits: int, lo: int) -> int:
        """In every lane with a tick set, all ticks from `lo` ticks after its earliest one on."""
        found = 0
        for lane in range(self.count):
            ticks = self.of(bits, lane)
            if ticks:
                begins = max((ticks & -ticks).bit_length() - 1 + lo, 0)
                found |= (self._ticks >> begins << begins) << (self.guard + lane * self.size)
        return found


@cache
def _shifts(span: int) -> tuple[int, ...]:
    """Shifts that, each applied to the sum of the ones before, turn one bit into span + 1."""
    shifts: list[int] = []
    while span > (have := sum(shifts)):
        shifts.append(min(have + 1, span - have))
    return tuple(shifts)
