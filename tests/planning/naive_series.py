"""The cheapest series twice more, by other means: every combination tried out, and a model for OR-tools' CP-SAT.

Both are written from the rules, with sets and plain arithmetic, and share no code with the planner.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ortools.sat.python import cp_model

from scheduler.planning.cadence import Window
from scheduler.planning.series import Preferences, Supply, WantedSession, Weights


class Candidate(NamedTuple):
    """A start that a session could have, and what it costs whatever the others do."""

    day: int
    minute: int
    practitioner_id: int
    cost: int


def set_bits(bits: int) -> list[int]:
    return [index for index, digit in enumerate(reversed(f"{bits:b}")) if digit == "1"]


class World:
    """One question, spelled out start by start."""

    def __init__(
        self,
        sessions: Sequence[WantedSession],
        supplies: Sequence[Supply],
        preferences: Preferences,
        first: Window | None,
        weights: Weights,
    ) -> None:
        self.sessions, self.supplies = sessions, supplies
        self.preferences, self.first, self.weights = preferences, first, weights
        self.free = [{supply.clock.at(index) for index in set_bits(supply.free)} for supply in supplies]
        self.candidates = [self._candidates(session) for session in sessions]

    def _candidates(self, session: WantedSession) -> list[Candidate]:
        if session.fixed:
            return [Candidate(session.fixed.day, session.fixed.minute, session.fixed.practitioner_id, 0)]
        found = []
        for supply, free in zip(self.supplies, self.free, strict=True):
            for index in set_bits(supply.starts.get(session.appointment_type_id, 0)):
                day, minute = supply.clock.at(index)
                cost = self._wishes_missed(supply, day, minute) + self._fragments(session, free, day, minute)
                found.append(Candidate(day, minute, supply.practitioner_id, cost))
        return found

    def _wishes_missed(self, supply: Supply, day: int, minute: int) -> int:
        wishes, weights = self.preferences, self.weights
        cost = 0
        if wishes.weekdays and (day + 6) % 7 not in wishes.weekdays:
            cost += weights.weekday_missed
        begins = 0 if wishes.from_minute is None else wishes.from_minute
        ends = 1440 if wishes.until_minute is None else wishes.until_minute
        if minute not in range(begins, ends):
            cost += weights.time_missed
        if supply.practitioner_id in wishes.practitioner_ids:
            place = wishes.practitioner_ids.index(supply.practitioner_id)
            cost += min(place * weights.practitioner_rank, weights.practitioner_missed)
        elif wishes.practitioner_ids:
            cost += weights.practitioner_missed
        if wishes.location_id is not None and supply.location_id != wishes.location_id:
            cost += weights.location_missed
        return cost

    def _fragments(self, session: WantedSession, free: set[tuple[int, int]], day: int, minute: int) -> int:
        before = minute - 5 * session.before_ticks
        after = minute + 5 * (session.duration_ticks + session.after_ticks)
        left = right = 0
        while (day, before - 5 * left - 5) in free:
            left += 1
        while (day, after + 5 * right) in free:
            right += 1
        usable = -(-self.weights.usable_minutes // 5)
        fragments = 0 < left < usable or 0 < right < usable or (left > 0 and right > 0)
        return self.weights.fragmented if fragments else 0

    def gap_cost(self, days: int, ideal: int) -> int:
        cost = abs(days - ideal) * self.weights.day_off_ideal
        if ideal in range(7, 1000, 7) and days % 7 != 0:
            cost += self.weights.weekday_change
        return cost

    def time_cost(self, minutes: int) -> int:
        hours = sum(abs(minutes) > 30 + 60 * hour for hour in range(self.weights.time_change_hours))
        return hours * self.weights.time_change

    def rest(self, earlier: int, later: int) -> int:
        return max(self.sessions[later].rest_minutes, 5 * self.sessions[earlier].duration_ticks)


def cheapest_by_trying(world: World) -> int:
    """The least cost of all combinations; what already costs more than the best known is not tried to the end."""
    sessions, weights = world.sessions, world.weights
    best = [1 << 60]

    def follow(k: int, held: tuple[int, Candidate] | None, counted: int | None, gone: int, cost: int) -> None:
        if cost >= best[0]:
            return
        if k == len(sessions):
            best[0] = cost
            return
        wanted = sessions[k]
        for start in world.candidates[k]:
            step = start.cost
            if not wanted.fixed or (held and not sessions[held[0]].fixed):
                if counted is None:
                    assert world.first is not None
                    first = [
                        day.toordinal()
                        for day in (world.first.earliest, world.first.ideal, world.first.latest)
                    ]
                    if not first[0] <= start.day <= first[2]:
                        continue
                    step += abs(start.day - first[1]) * weights.day_off_ideal
                else:
                    days = start.day - counted
                    if not wanted.min_days <= days <= wanted.max_days and not (wanted.fixed and gone):
                        continue
                    step += world.gap_cost(days, wanted.ideal_days)
                if held:
                    where, last = held
                    apart = (start.day - last.day) * 1440 + start.minute - last.minute
                    if apart < world.rest(where, k):
                        continue
                    step += weights.practitioner_change * (start.practitioner_id != last.practitioner_id)
                    step += world.time_cost(start.minute - last.minute)
            follow(k + 1, (k, start), start.day, 0, cost + step)
        if not wanted.fixed:
            if counted is None:
                assert world.first is not None
                ideal = world.first.ideal.toordinal()
            else:
                ideal = counted + wanted.ideal_days
            follow(k + 1, held, ideal, gone + 1, cost + weights.unplaced)

    follow(0, None, None, 0, 0)
    return best[0]


class _State(NamedTuple):
    """What the session before hands on: one that is left out hands on what it got itself."""

    counted: cp_model.LinearExprT
    moment: cp_model.LinearExprT
    minute: cp_model.LinearExprT
    who: cp_model.LinearExprT
    lasts: cp_model.LinearExprT
    real: cp_model.IntVar
    kept: cp_model.IntVar


def cheapest_by_solver(world: World) -> int:
    """The least cost by CP-SAT, stated as rules on integers: days, minutes and practitioners, not as a path."""
    return _Model(world).solve()


class _Model:
    def __init__(self, world: World) -> None:
        self.world, self.model = world, cp_model.CpModel()
        self.costs: list[cp_model.LinearExprT] = []
        assert world.first is not None
        self.first = [
            day.toordinal() for day in (world.first.earliest, world.first.ideal, world.first.latest)
        ]
        days = [start.day for starts in world.candidates for start in starts] + self.first
        self.low = min(days)
        self.span = max(days) - self.low + sum(session.max_days for session in world.sessions) + 1

    def solve(self) -> int:
        no = self.model.new_constant(0)
        state = _State(self.first[1], 0, 0, 0, 0, no, no)
        gone: cp_model.IntVar = no
        for k in range(len(self.world.sessions)):
            state, gone = self._session(k, state, gone)
        self.model.minimize(sum(self.costs))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 0
        assert solver.solve(self.model) == cp_model.OPTIMAL
        return round(solver.objective_value)

    def _session(
        self, k: int, before: _State, gone_before: cp_model.IntVar
    ) -> tuple[_State, cp_model.IntVar]:
        model, world, wanted = self.model, self.world, self.world.sessions[k]
        starts = world.candidates[k]
        picks = [model.new_bool_var("") for _ in starts]
        gone = model.new_bool_var("")
        model.add_exactly_one([*picks, gone])
        if wanted.fixed:
            model.add(gone == 0)
        self.costs.append(gone * world.weights.unplaced)
        self.costs += [pick * start.cost for pick, start in zip(picks, starts, strict=True)]

        def handed(
            values: list[int], otherwise: cp_model.LinearExprT, low: int, high: int
        ) -> cp_model.IntVar:
            value = model.new_int_var(low, high, "")
            picked = sum(pick * chosen for pick, chosen in zip(picks, values, strict=True))
            model.add(value == picked).only_enforce_if(~gone)
            model.add(value == otherwise).only_enforce_if(gone)
            return value

        low, high = self.low - self.span, self.low + 2 * self.span
        ideal = before.counted + (wanted.ideal_days if k else 0)
        now = _State(
            handed([start.day for start in starts], ideal, low, high),
            handed([start.day * 1440 + start.minute for start in starts], before.moment, 0, high * 1440),
            handed([start.minute for start in starts], before.minute, 0, 1440),
            handed([start.practitioner_id for start in starts], before.who, 0, 100),
            handed([5 * wanted.duration_ticks for _ in starts], before.lasts, 0, 1440),
            handed([1 for _ in starts], before.real, 0, 1),
            handed([int(wanted.fixed is not None) for _ in starts], before.kept, 0, 1),
        )
        self._follows(k, before, now, gone_before, gone)
        return now, gone

    def _follows(
        self, k: int, before: _State, now: _State, gone_before: cp_model.IntVar, gone: cp_model.IntVar
    ) -> None:
        model, wanted, weights = self.model, self.world.sessions[k], self.world.weights
        bound = [~gone]
        if wanted.fixed:
            bound += [before.real, ~before.kept]
        direct = [*bound, ~gone_before] if wanted.fixed else bound
        gap = now.counted - before.counted
        shortest, ideal, longest = wanted.min_days, wanted.ideal_days, wanted.max_days
        if k == 0:
            shortest, ideal, longest = self.first[0] - self.first[1], 0, self.first[2] - self.first[1]
        model.add(gap >= shortest).only_enforce_if(direct)
        model.add(gap <= longest).only_enforce_if(direct)
        off = model.new_int_var(0, 3 * self.span, "")
        model.add(off >= gap - ideal).only_enforce_if(bound)
        model.add(off >= ideal - gap).only_enforce_if(bound)
        self.costs.append(off * weights.day_off_ideal)
        if ideal in range(7, 1000, 7):
            weeks = model.new_int_var(-3 * self.span, 3 * self.span, "")
            self._unless(gap == 7 * weeks, bound, weights.weekday_change)
        real = [*bound, before.real]
        apart = now.moment - before.moment
        model.add(apart >= wanted.rest_minutes).only_enforce_if(real)
        model.add(apart >= before.lasts).only_enforce_if(real)
        self._unless(now.who == before.who, real, weights.practitioner_change)
        for hour in range(weights.time_change_hours):
            near = cp_model.BoundedLinearExpression(
                now.minute - before.minute, cp_model.Domain(-30 - 60 * hour, 30 + 60 * hour)
            )
            self._unless(near, real, weights.time_change)

    def _unless(self, rule: cp_model.BoundedLinearExpression, when: list[cp_model.IntVar], cost: int) -> None:
        """Charge the cost unless the rule holds."""
        broken = self.model.new_bool_var("")
        self.model.add(rule).only_enforce_if([*when, ~broken])
        self.costs.append(broken * cost)
