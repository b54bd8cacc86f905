"""Repairs found by other means: every change of a small plan tried out, and a CP-SAT model of many displaced at once.

Both are written from the rules and share no code with the planner but the sums of `series_cost`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ortools.sat.python import cp_model

from scheduler.planning.cadence import Window
from scheduler.planning.repair import Displaced
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


Take = tuple[int, int, int, int | None]
"""What an appointment may take: index of the supply, bit, practitioner, room."""


def takes_of(
    one: Displaced, supplies: Sequence[Supply], rooms: Mapping[int, Mapping[int, int]]
) -> list[Take]:
    """Every slot that a displaced appointment could have if nobody else were displaced."""
    found: list[Take] = []
    for number, supply in enumerate(supplies):
        if one.accepts is not None and supply.practitioner_id not in one.accepts:
            continue
        for index in set_bits(supply.starts.get(one.appointment_type_id, 0)):
            day, minute = supply.clock.at(index)
            wall = day * 1440 + minute
            away = any(one.patient_busy >> tick & 1 for tick in range(index, index + one.duration_ticks))
            soon = (
                one.earlier and wall < one.earlier.day * 1440 + one.earlier.minute + one.earlier.rest_minutes
            )
            late = one.later and wall > one.later.day * 1440 + one.later.minute - one.later.rest_minutes
            if date.fromordinal(day) not in one.window or away or soon or late:
                continue
            ticks = range(index - one.before_ticks, index + one.duration_ticks + one.after_ticks)
            if not one.needs_room:
                found.append((number, index, supply.practitioner_id, None))
            for room, busy in rooms.get(supply.location_id, {}).items() if one.needs_room else ():
                if not any(busy >> tick & 1 for tick in ticks):
                    found.append((number, index, supply.practitioner_id, room))
    return found


def most_housed(
    displaced: Sequence[Displaced],
    supplies: Sequence[Supply],
    rooms: Mapping[int, Mapping[int, int]],
    *,
    seconds: float = 60,
    count_rooms: bool = False,
) -> tuple[int, int]:
    """How many displaced appointments CP-SAT can house at once, and how many more it cannot rule out.

    With `count_rooms`, only the number of rooms free at each tick counts: that never houses fewer, in a smaller model.
    """
    model = cp_model.CpModel()
    users: dict[tuple[str, int, int], set[int]] = {}
    picked: list[list[tuple[Take, cp_model.IntVar]]] = []
    variables: dict[int, cp_model.IntVar] = {}
    for one in displaced:
        takes = takes_of(one, supplies, rooms)
        if count_rooms:
            takes = sorted({(number, index, who, room and -1) for number, index, who, room in takes}, key=str)
        mine = [(take, model.new_bool_var("")) for take in takes]
        model.add_at_most_one(var for _, var in mine)
        picked.append(mine)
        for (number, index, practitioner, room), var in mine:
            variables[var.index] = var
            for tick in range(index - one.before_ticks, index + one.duration_ticks + one.after_ticks):
                users.setdefault(("practitioner", practitioner, tick), set()).add(var.index)
                if room is not None:
                    where = -supplies[number].location_id if count_rooms else room
                    users.setdefault(("room", where, tick), set()).add(var.index)
    limits = {key: _capacity(rooms, *key) for key in users}
    for using, limit in {(frozenset(using), limits[key]) for key, using in users.items()}:
        if len(using) > limit:
            model.add(sum(variables[index] for index in using) <= limit)
    for i, one in enumerate(displaced):
        for j, other in enumerate(displaced):
            if i < j and one.patient_id == other.patient_id:
                for take, var in picked[i]:
                    for another, var_too in picked[j]:
                        if not patient_can(one, take, other, another, supplies):
                            model.add_bool_or(~var, ~var_too)
    model.maximize(sum(var for mine in picked for _, var in mine))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = seconds
    assert solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return round(solver.objective_value), round(solver.best_objective_bound - solver.objective_value)


def _capacity(rooms: Mapping[int, Mapping[int, int]], resource: str, which: int, tick: int) -> int:
    if resource == "room" and which < 0:
        return sum(not busy >> tick & 1 for busy in rooms[-which].values())
    return 1


def patient_can(
    one: Displaced, take: Take, other: Displaced, another: Take, supplies: Sequence[Supply]
) -> bool:
    """Whether one patient can have both slots."""
    (day, minute), (other_day, other_minute) = (supplies[t[0]].clock.at(t[1]) for t in (take, another))
    apart = (other_day - day) * 1440 + other_minute - minute
    if one.plan_id is None or one.plan_id != other.plan_id:
        return apart >= 5 * one.duration_ticks if apart >= 0 else -apart >= 5 * other.duration_ticks
    if one.number > other.number:
        return patient_can(other, another, one, take, supplies)
    if apart < max(other.rest_minutes, 5 * one.duration_ticks):
        return False
    return other.number != one.number + 1 or other.min_days <= other_day - day <= other.max_days
