"""The demo clinic's life: patients call, and things come in between."""

import heapq
import random
from collections.abc import Callable, Sequence
from itertools import count

from scheduler.models import PlanStatus
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.demo.book import Search
from scheduler.usecases.demo.cast import Course, Guest, Session, Visit, day_of
from scheduler.usecases.demo.ledger import FAR_AWAY, Ledger
from scheduler.usecases.demo.size import Days
from scheduler.usecases.demo.words import clinic_data

NO_SHOWS, CANCELLATIONS, MOVES = 0.045, 0.085, 0.04
"""Of all appointments; in practice 5 to 15 in 100 do not take place."""
LATE = 0.35
"""Of the cancellations, so many come in the last 20 hours."""
GIVE_UP = 0.08
"""Of all courses, so many are ended early by the patient."""
REVIEWED = 0.25
TRIES = 5
"""After so many calls in vain a course without any appointment ahead is given up."""
PROTOCOL_WEIGHTS = (30, 15, 32, 15, 8)
Deed = Callable[[int], None]


class Story:
    """Decides what happens when; the ledger carries it out."""

    def __init__(self, ledger: Ledger, days: Days, chance: random.Random) -> None:
        self.ledger, self._days, self._chance = ledger, days, chance
        self.free_from: list[tuple[Guest, int]] = []
        """Patients whose course is over, with the day from which on they may come again; the reader empties it."""
        self._events: list[tuple[int, int, Deed]] = []
        self._order = count()

    def live_until(self, moment: int) -> None:
        """Let everything happen that was to happen before a moment."""
        while self._events and self._events[0][0] < moment:
            at, _, deed = heapq.heappop(self._events)
            deed(at)

    def prescribe(self, guest: Guest, practitioner_id: int, moment: int) -> Course:
        """A new course for a patient, nothing placed yet; a new patient's first session is a first visit."""
        house, chance = self.ledger.house, self._chance
        weights = [PROTOCOL_WEIGHTS[index % len(PROTOCOL_WEIGHTS)] for index in range(len(house.protocols))]
        protocol = chance.choices(house.protocols, weights)[0]
        course = Course(
            guest=guest,
            practitioner_id=practitioner_id,
            protocol=protocol,
            prescribed=moment,
            starts_day=day_of(moment) + chance.randrange(1, 6),
            muscles=chance.sample(clinic_data().words["muscles"], chance.randrange(2, 5)),
            preferences=self._preferences(guest, practitioner_id),
        )
        phases = [phase for phase in protocol.phases for _ in range(phase.sessions)]
        for number, phase in enumerate(phases, start=1):
            kind = house.first_visit if number == 1 and not guest.is_known else house.session
            course.sessions.append(Session(course, number, phase, kind))
        if chance.random() < GIVE_UP:
            course.stops_after = chance.randrange(2, len(phases) + 1)
        return course

    def begin(self, course: Course) -> bool:
        """Place a new course; False where that is hopeless."""
        visits = self.ledger.begin(course)
        self._foresee(visits)
        if visits and course.to_place:
            self._later(course.prescribed + 7 * DAY_MINUTES, lambda at: self._mend(course, at))
        return bool(visits)

    def visit_once(self, guest: Guest, first_day: int, moment: int) -> bool:
        """A first visit without a plan, to see what is to be done."""
        wanted = self._near(self.ledger.house.first_visit, guest, first_day, first_day + 7, first_day)
        visit = self.ledger.book_single(guest, wanted, moment)
        if visit is None:
            return False
        self._foresee([visit])
        self.free_from.append((guest, day_of(visit.spot.moment) + 3))
        return True

    def pause(self, course: Course, moment: int) -> None:
        """Pause a course; the patient stays away."""
        self.ledger.pause(course, moment)

    def discontinue(self, course: Course, moment: int, reason: str) -> None:
        """End a course early."""
        self.ledger.discontinue(course, moment, reason)
        self.free_from.append((course.guest, day_of(moment) + self._chance.randrange(60, 200)))

    def _preferences(self, guest: Guest, practitioner_id: int) -> dict[str, object]:
        """What reception noted: now and then nothing at all."""
        if self._chance.random() < 0.2:
            return {}
        minute = guest.usual_minute
        wishes: dict[str, object] = {
            "from_minute": max(minute - 90, 7 * 60),
            "until_minute": min(minute + 120, 21 * 60),
            "practitioner_ids": [practitioner_id],
        }
        if self._chance.random() < 0.2:
            wishes["weekdays"] = sorted(self._chance.sample(range(5), 3))
        return wishes

    def _foresee(self, visits: Sequence[Visit]) -> None:
        """Decide what will become of visits."""
        for visit in visits:
            fate = self._chance.random()
            visit.is_no_show = fate < NO_SHOWS
            if NO_SHOWS <= fate < NO_SHOWS + CANCELLATIONS:
                self._foresee_cancellation(visit)
            elif NO_SHOWS <= fate < NO_SHOWS + CANCELLATIONS + MOVES:
                at = visit.spot.moment - self._chance.randrange(20 * 60, 10 * DAY_MINUTES)
                if at > visit.booked:
                    self._later(at, lambda now, visit=visit: self._move(visit, now))  # type: ignore[misc]
            self._await(visit)

    def _foresee_cancellation(self, visit: Visit) -> None:
        is_late = self._chance.random() < LATE
        lead = self._chance.randrange(60, 20 * 60) if is_late else self._chance.randrange(1440, 12 * 1440)
        reason = self._chance.choice(clinic_data().words["cancelled_late" if is_late else "cancelled_early"])
        at = visit.spot.moment - lead
        if at > visit.booked:
            self._later(at, lambda now: self._call_off(visit, now, reason))

    def _await(self, visit: Visit) -> None:
        sequence = visit.sequence
        self._later(visit.ends, lambda now: self._happen(visit, sequence, now))

    def _happen(self, visit: Visit, sequence: int, moment: int) -> None:
        """The patient comes, or not; a visit that was moved meanwhile is left to its new time."""
        if not visit.is_active or visit.sequence != sequence:
            return
        if visit.is_no_show:
            self.ledger.miss(visit)
            self._call_back(visit, moment)
            return
        self.ledger.hold(visit)
        on = self._days.date_of(day_of(moment))
        visit.guest.consented_on = visit.guest.consented_on or on
        if visit.session is not None:
            self._follow_up(visit.session.course, visit.session, moment)

    def _follow_up(self, course: Course, held: Session, moment: int) -> None:
        if held.number == course.stops_after:
            reason = self._chance.choice(["Patient moved away", "Free of pain", "Cost"])
            self.discontinue(course, moment, reason)
        elif not course.placed and not course.to_place:
            self.ledger.complete(course)
            self._after_completion(course, day_of(moment))

    def _after_completion(self, course: Course, day: int) -> None:
        """A review after a month, and a patient who may come again afterwards."""
        back = day + self._chance.randrange(4, 15)
        if self._chance.random() < REVIEWED:
            guest, review = course.guest, self.ledger.house.review
            wanted = self._near(review, guest, day + 26, day + 36, day + 30)
            visit = self.ledger.book_single(guest, wanted, day * DAY_MINUTES + 18 * 60)
            if visit is not None:
                self._foresee([visit])
                back = max(back, day_of(visit.spot.moment) + 1)
        self.free_from.append((course.guest, back))

    def _call_off(self, visit: Visit, moment: int, reason: str) -> None:
        if visit.is_active and moment < visit.spot.moment:
            self.ledger.cancel(visit, moment, reason)
            self._call_back(visit, moment)

    def _call_back(self, visit: Visit, moment: int) -> None:
        """Reception looks for another time within a day or two."""
        session = visit.session
        if session is not None:
            at = moment + self._chance.randrange(20, 30 * 60)
            self._later(at, lambda now: self._mend(session.course, now))

    def _move(self, visit: Visit, moment: int) -> None:
        if visit.is_active and moment < visit.spot.moment and self.ledger.move(visit, moment):
            self._await(visit)

    def _mend(self, course: Course, moment: int) -> None:
        """Reception tries to place what is to place; not everybody answers the phone."""
        if course.status != PlanStatus.ACTIVE or not course.to_place:
            return
        if self._chance.random() < 0.8:
            self._foresee(self.ledger.mend(course, moment))
        if not course.to_place:
            return
        course.tries += 1
        if course.tries >= TRIES and not course.placed:
            self.discontinue(course, moment, "Patient could not be reached")
        else:
            self._later(
                moment + self._chance.randrange(3, 9) * DAY_MINUTES, lambda at: self._mend(course, at)
            )

    def _near(self, kind: object, guest: Guest, first: int, last: int, ideal: int) -> Search:
        return Search(kind, first, last, ideal, guest.usual_minute, 0, FAR_AWAY)  # type: ignore[arg-type]

    def _later(self, moment: int, deed: Deed) -> None:
        heapq.heappush(self._events, (moment, next(self._order), deed))
