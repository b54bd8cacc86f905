"""Running the demo's story from its first day to the present, and seeing to it that everything occurs in it."""

import heapq
import random
from collections.abc import Callable

from scheduler.models import PlanStatus
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.demo.cast import Course, Guest, day_of
from scheduler.usecases.demo.guests import KNOWN_BEFORE
from scheduler.usecases.demo.size import Days
from scheduler.usecases.demo.story import Story

LOOK_AHEAD = 14
FILL, SPREAD = 0.79, 0.04
"""How full reception keeps the next two weeks, and how much people differ in that."""
OPENING_DAYS = 28
"""The diary fills up over so many days at its beginning."""
OPEN = {PlanStatus.ACTIVE, PlanStatus.PAUSED, PlanStatus.DRAFT}
SHAKE_BEFORE = 3
"""So many days ago the last plans were paused, so that others could take their times."""


class Run:
    """Who calls when: known patients come back, new ones are let in at a steady pace."""

    def __init__(self, story: Story, guests: list[Guest], days: Days, chance: random.Random) -> None:
        self._story, self._guests, self._days, self._chance = story, guests, days, chance
        self._book = story.ledger.book
        people = [person.id for person in story.ledger.house.practitioners]
        self._targets = {number: FILL + chance.uniform(-SPREAD, SPREAD) for number in people}
        self._waiting: dict[int, list[tuple[int, int]]] = {number: [] for number in people}
        """By practitioner: (day from which on they may call, patient), a heap."""
        self._known = round(len(guests) * KNOWN_BEFORE)
        for guest in guests[: self._known]:
            self._wait(guest, chance.randrange(-10, 60))

    def live(self, progress: Callable[[float], None]) -> None:
        """Live until this morning; ``progress`` hears of the share that is done."""
        today = self._days.today
        for day in range(today):
            self._story.live_until((day + 1) * DAY_MINUTES)
            self._take_back()
            if day == today - SHAKE_BEFORE:
                self._interrupt_some(day)
            if self._days.date_of(day).weekday() < 5:
                self._answer_calls(day)
            progress((day + 1) / today)
        for guest in self._guests[self._known :]:
            lately = max(0, today - 21) * DAY_MINUTES, (today - 1) * DAY_MINUTES
            guest.created_at = self._days.at(self._chance.randrange(*lately))
        self._leave_some_open()

    def _answer_calls(self, day: int) -> None:
        opening = min(1.0, (day + 10) / OPENING_DAYS)
        order = sorted(self._targets, key=lambda number: self._fill(number, day))
        for number in order:
            in_vain = 0
            while in_vain < 8 and self._fill(number, day) < self._targets[number] * opening:
                before = self._fill(number, day)
                if not self._answer_one(number, day) or self._fill(number, day) <= before:
                    in_vain += 1

    def _fill(self, number: int, day: int) -> float:
        return self._book.fill(number, day + 1, day + 1 + LOOK_AHEAD)

    def _answer_one(self, number: int, day: int) -> bool:
        """Somebody calls and gets a series, or a first visit to begin with."""
        guest = self._caller(number, day)
        if guest is None:
            return False
        moment = day * DAY_MINUTES + self._chance.randrange(8 * 60, 18 * 60)
        guest.practitioner_id = number
        guest.created_at = guest.created_at or self._days.at(moment - 5)
        if not guest.is_known and self._chance.random() < 0.15:
            done = self._story.visit_once(guest, day + self._chance.randrange(1, 6), moment)
        else:
            done = self._story.begin(self._story.prescribe(guest, number, moment))
        if done:
            guest.is_known = True
        else:
            self._wait(guest, day + 1)
        return done

    def _caller(self, number: int, day: int) -> Guest | None:
        """A new patient as long as the pace allows it, every other time; else who waited longest."""
        waiting = self._waiting[number]
        if not waiting or waiting[0][0] > day:
            waiting = min((heap for heap in self._waiting.values() if heap), default=waiting)
        ready = bool(waiting) and waiting[0][0] <= day
        share = KNOWN_BEFORE + (1 - KNOWN_BEFORE) * (day + 1) / self._days.today
        is_new_due = self._known < len(self._guests) * share
        if self._known < len(self._guests) and (not ready or (is_new_due and self._chance.random() < 0.6)):
            self._known += 1
            return self._guests[self._known - 1]
        return self._guests[heapq.heappop(waiting)[1] - 1] if ready else None

    def _take_back(self) -> None:
        for guest, day in self._story.free_from:
            self._wait(guest, day)
        self._story.free_from.clear()

    def _wait(self, guest: Guest, day: int) -> None:
        if guest.practitioner_id is not None:
            heapq.heappush(self._waiting[guest.practitioner_id], (day, guest.id))

    def _interrupt_some(self, day: int) -> None:
        """Some plans are paused; one is given up if none ever was."""
        moment = day * DAY_MINUTES + 11 * 60
        running = self._running(day + 1)
        for course in self._some(running, 0.03):
            self._story.pause(course, moment)
        if not any(course.status == PlanStatus.DISCONTINUED for course in self._story.ledger.courses):
            for course in self._some([course for course in running if course.status == PlanStatus.ACTIVE], 0):
                self._story.discontinue(course, moment, "Patient moved away")

    def _leave_some_open(self) -> None:
        """This morning: some plans are behind, some were prescribed yesterday and nothing is placed yet."""
        yesterday = (self._days.today - 1) * DAY_MINUTES + 16 * 60
        running = self._running(self._days.today)
        behind = [course for course in running if course.to_place]
        whole = [course for course in running if not course.to_place and len(course.placed) > 1]
        for course in self._some(whole, 0.03)[: max(0, 2 - len(behind))]:
            soon = next(visit for session in course.placed if (visit := session.visit))
            self._story.ledger.cancel(soon, yesterday, "Ill")
        share = max(2, round(len(self._guests) * 0.012))
        for index, guest in enumerate(self._without_course()[: 2 * share]):
            moment = yesterday - index * 37
            number = guest.practitioner_id or 1
            course = self._story.prescribe(guest, number, moment)
            course.stops_after = 0
            if index % 2:
                course.status = PlanStatus.DRAFT.value
            self._story.ledger.courses.append(course)

    def _running(self, day: int) -> list[Course]:
        """Active courses with an appointment ahead, but none until the end of a day."""
        return [
            course
            for course in self._story.ledger.courses
            if course.status == PlanStatus.ACTIVE
            and course.placed
            and all(day_of(session.visit.spot.moment) > day for session in course.placed if session.visit)
        ]

    def _some(self, courses: list[Course], share: float) -> list[Course]:
        """That share of the courses, one at least if there is any."""
        return self._chance.sample(courses, min(len(courses), max(1, round(len(courses) * share))))

    def _without_course(self) -> list[Guest]:
        """Patients nobody has a plan for at present: those who never came first."""
        busy = {course.guest.id for course in self._story.ledger.courses if course.status in OPEN}
        known = [guest for guest in self._guests[: self._known] if guest.id not in busy]
        return self._guests[self._known :] + known
