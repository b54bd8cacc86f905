"""How the demo's patients are: what they answered before their sessions; most get better, some do not."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduler.models import AppointmentStatus, Measure, Outcome, OutcomeSource, Questionnaire, SessionStatus
from scheduler.usecases.demo.cast import Course, Guest, Session
from scheduler.usecases.demo.rows import Row, Tables
from scheduler.usecases.demo.size import Days
from scheduler.usecases.outcomes.values import hit6_totals
from scheduler.usecases.patient_side.check_in import MONTH_DAYS, OPENS

ANSWERED, ANSWERED_AHEAD = 0.85, 0.4
"""Of the sessions that were held, and of those of the next day and a half."""
NO_BETTER = 0.18
ASKED_MONTHLY = 0.7
FIRST = {
    Measure.NPRS: (5, 8),
    Measure.HEADACHE_DAYS: (9, 22),
    Measure.HIT6: (60, 70),
    Measure.NDI: (30, 56),
    Measure.ROTATION: (48, 62),
}
"""What patients begin with, both included."""
LAST = {
    Measure.NPRS: -5,
    Measure.HEADACHE_DAYS: -12,
    Measure.HIT6: -14,
    Measure.NDI: -24,
    Measure.ROTATION: 16,
}
"""By so much it changes over a whole course that helps."""


@dataclass(frozen=True, slots=True)
class _Trend:
    """Where each measure of one course begins, and how much of the usual change there is."""

    first: dict[Measure, int]
    help: float

    def value(self, measure: Measure, share: float, noise: int) -> int:
        """After that share of the course; as the measure allows it."""
        value = round(self.first[measure] + LAST[measure] * self.help * share) + noise
        if measure == Measure.HIT6:
            return min(hit6_totals(), key=lambda total: (abs(total - value), total))
        if measure == Measure.NDI:
            value -= value % 2
        most = {Measure.NPRS: 10, Measure.HEADACHE_DAYS: 28}.get(measure, 100)
        return min(max(value, 0), most)


class Wellbeing:
    """Collects values in the order in which they were given."""

    def __init__(self, days: Days, chance: random.Random) -> None:
        self._days, self._chance = days, chance
        self._last: dict[tuple[int, Measure], date] = {}
        """When the patient last gave a total."""
        self._rows: list[Row] = []

    def tables(self, courses: Sequence[Course]) -> Tables:
        """Values of every course, the oldest course first; chooses their questionnaires."""
        by_guest: dict[int, list[Course]] = defaultdict(list)
        for course in courses:
            by_guest[course.guest.id].append(course)
        for number in sorted(by_guest):
            for course in by_guest[number]:
                self._live_through(course)
        self._rows.sort(key=lambda row: (row["created_at"], row["appointment_id"], row["measure"]))
        for number, row in enumerate(self._rows, start=1):
            row["id"] = number
        return [(Outcome, self._rows)]

    def _live_through(self, course: Course) -> None:
        chance = self._chance
        if chance.random() < ASKED_MONTHLY:
            is_neck = course.protocol.condition.startswith("Cervicogenic")
            course.questionnaire = (Questionnaire.NDI if is_neck else Questionnaire.HIT6).value
        trend = _Trend(
            {measure: chance.randint(*ends) for measure, ends in FIRST.items()},
            0.1 if chance.random() < NO_BETTER else chance.uniform(0.8, 1.1),
        )
        for session in course.sessions:
            if session.visit is not None and session.status in {
                SessionStatus.COMPLETED,
                SessionStatus.PLACED,
            }:
                self._ask(course, session, trend)

    def _ask(self, course: Course, session: Session, trend: _Trend) -> None:
        """The patient answers at home; who has no address fills in a form, which the clinic types in."""
        chance, visit = self._chance, session.visit
        dice, lead = chance.random(), chance.randrange(15, 300)
        noises = [chance.choice((-1, 0, 0, 0, 1)) for _ in range(4)]
        if visit is None:
            return
        starts_at = self._days.at(visit.spot.moment)
        is_ahead = starts_at > self._days.now
        if dice >= (ANSWERED_AHEAD if is_ahead else ANSWERED) or starts_at > self._days.now + OPENS:
            return
        share = (session.number - 1) / max(len(course.sessions) - 1, 1)
        if is_ahead:
            if course.guest.email is None:
                return
            said_at = max(self._days.now - timedelta(minutes=lead // 5), starts_at - OPENS)
        else:
            said_at = starts_at - timedelta(minutes=lead if course.guest.email else -1)
        if said_at > self._days.now:
            return
        source = OutcomeSource.PATIENT if course.guest.email else OutcomeSource.CLINIC
        measures = [Measure.NPRS, Measure.HEADACHE_DAYS, *self._monthly(course, said_at)]
        for measure, noise in zip(measures, noises, strict=False):
            self._note(course, session, measure, trend.value(measure, share, noise), source, said_at)
        if visit.status == AppointmentStatus.COMPLETED and session.number % 3 == 1:
            turned = trend.value(Measure.ROTATION, share, noises[3] * 2)
            self._note(course, session, Measure.ROTATION, turned, OutcomeSource.CLINIC, starts_at)

    def _monthly(self, course: Course, said_at: datetime) -> Iterator[Measure]:
        if course.questionnaire is None:
            return
        measure, on = Measure(course.questionnaire), said_at.astimezone(self._days.zone).date()
        last = self._last.get((course.guest.id, measure))
        if last is None or (on - last).days >= MONTH_DAYS:
            self._last[course.guest.id, measure] = on
            yield measure

    def _note(
        self,
        course: Course,
        session: Session,
        measure: Measure,
        value: int,
        source: OutcomeSource,
        at: datetime,
    ) -> None:
        guest: Guest = course.guest
        self._rows.append(
            {
                "patient_id": guest.id,
                "plan_id": course.id,
                "appointment_id": session.visit.id if session.visit is not None else None,
                "measure": measure.value,
                "value": value,
                "measured_on": at.astimezone(self._days.zone).date(),
                "source": source.value,
                "created_at": at,
            }
        )
