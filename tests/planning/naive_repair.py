"""Repairs found by other means: every change of a small plan tried out, and a CP-SAT model of many displaced at once.

Both are written from the rules and share no code with the planner but the sums of `series_cost`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from scheduler.planning.cadence import Window
from scheduler.planning.series import Choice, Fixed, Supply, WantedSession, series_cost

Start = tuple[int, int, int, int]
"""Wall minute, index of the supply, tick, practitioner."""


def set_bits(bits: int) -> list[int]:
    return [index for index in range(bits.bit_length()) if bits >> index & 1]


def starts_of(session: WantedSession, supplies: Sequence[Supply]) -> list[Start]:
    """All starts, the first instant of any wall time that a supply offers twice."""
    found: dict[tuple[int, int], Start] = {}
    for number, supply in enumerate(supplies):
        for index in set_bits(supply.starts.get(session.appointment_type_id, 0)):
            day, minute = supply.clock.at(index)
            wall = day * 1440 + minute
            tick = supply.clock.horizon.start_tick + index
            found.setdefault((number, wall), (wall, number, tick, supply.practitioner_id))
    return list(found.values())


class NaiveRepair:
    """One question of `repair_plan`, answered by trying everything."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.world = world
        self.sessions: list[WantedSession] = world["sessions"]
        self.slots: list[Fixed | None] = [
            one.fixed or world["standing"].get(one.number) for one in self.sessions
        ]
        self.first: Window | None = world["first"]
        self.starts = [starts_of(one, world["supplies"]) for one in self.sessions]
        lasts = [5 * (one.duration_ticks + one.after_ticks) for one in self.sessions]
        self.spaces = [max(one.rest_minutes, max(lasts) + 5 * one.before_ticks) for one in self.sessions]

    def best(self) -> tuple[int, int, int]:
        """(windows broken, appointments moved, cost) of the best change there is."""
        least: tuple[int, int] | None = None
        cost = 0
        for broken, moved, picks in self._changes(0, [], 0, 0, False):
            if least is None or (broken, moved) < least:
                least, cost = (broken, moved), self._cost(picks)
            elif (broken, moved) == least:
                cost = min(cost, self._cost(picks))
        assert least is not None
        return *least, cost

    def _changes(
        self, at: int, picks: list[Any], broken: int, moved: int, in_order: bool
    ) -> Iterator[tuple[int, int, list[Any]]]:
        """Every change allowed; a pick is "keep", None, or a start."""
        if at == len(self.sessions):
            yield broken, moved, list(picks)
            return
        slot, wanted = self.slots[at], self.sessions[at]
        walls = [self._wall(k, pick) for k, pick in enumerate(picks) if pick is not None]
        latest = max(walls, default=None)
        if slot:
            wall = slot.day * 1440 + slot.minute
            # Clear of every new slot, and in order once there is one.
            clear = not in_order or latest is None or wall > latest
            if picks and isinstance(self._last(picks), tuple):
                clear = clear and wall >= walls[-1] + self._rest(at)
            if clear:
                verdict = self._kept_broken(at, picks)
                yield from self._changes(at + 1, [*picks, "keep"], broken + verdict, moved, in_order)
        else:
            yield from self._changes(at + 1, [*picks, None], broken + 1, moved, in_order)
        if not wanted.fixed:
            for start in self.starts[at]:
                in_window = self._in_window(at, picks, start[0] // 1440)
                if in_window and (latest is None or start[0] >= latest + self._rest(at)):
                    yield from self._changes(
                        at + 1, [*picks, start], broken, moved + (slot is not None), True
                    )

    def _last(self, picks: Sequence[Any]) -> Any:
        return next((pick for pick in reversed(picks) if pick is not None), None)

    def _rest(self, at: int) -> int:
        return self.spaces[at]

    def _wall(self, at: int, pick: Any) -> int:
        slot = self.slots[at]
        return slot.day * 1440 + slot.minute if pick == "keep" and slot else int(pick[0])

    def _counted(self, picks: Sequence[Any]) -> int:
        if not picks:
            raise LookupError
        if picks[-1] is not None:
            return self._wall(len(picks) - 1, picks[-1]) // 1440
        if len(picks) == 1:
            assert self.first
            return self.first.ideal.toordinal()
        return self._counted(picks[:-1]) + self.sessions[len(picks) - 1].ideal_days

    def _in_window(self, at: int, picks: Sequence[Any], day: int) -> bool:
        if not at:
            assert self.first
            return self.first.earliest.toordinal() <= day <= self.first.latest.toordinal()
        return self.sessions[at].min_days <= day - self._counted(picks) <= self.sessions[at].max_days

    def _kept_broken(self, at: int, picks: Sequence[Any]) -> bool:
        slot, wanted = self.slots[at], self.sessions[at]
        assert slot
        if not at:
            return not wanted.fixed and not self._in_window(at, picks, slot.day)
        if picks[-1] is not None and not self._in_window(at, picks, slot.day):
            return True
        real = [k for k, pick in enumerate(picks) if pick is not None]
        if not real:
            return False
        lasts = 5 * self.sessions[real[-1]].duration_ticks
        apart = slot.day * 1440 + slot.minute - self._wall(real[-1], picks[real[-1]])
        return apart < max(wanted.rest_minutes, lasts)

    def _cost(self, picks: Sequence[Any]) -> int:
        """What `series_cost` says, the windows of kept sessions after a new slot widened so that it takes them."""
        sessions, chosen = [], {}
        for at, (wanted, pick) in enumerate(zip(self.sessions, picks, strict=True)):
            if pick == "keep":
                slot = self.slots[at]
                wanted = replace(
                    wanted, fixed=slot, min_days=0, max_days=max(wanted.max_days, 60), rest_minutes=0
                )
            elif pick is not None:
                chosen[wanted.number] = Choice(pick[1], pick[2])
            sessions.append(wanted)
        return series_cost(
            sessions,
            self.world["supplies"],
            self.world["preferences"],
            chosen,
            self.first,
            self.world["weights"],
        )
