"""What is booked in the demo, and the verbs that change it; story.py decides when they are used."""

from collections.abc import Sequence
from dataclasses import replace

from scheduler.models import AppointmentStatus, AppointmentType, PlanStatus, SessionStatus
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.demo.book import Book, Desk, Search, Spot
from scheduler.usecases.demo.cast import Course, Guest, Session, Visit, day_of
from scheduler.usecases.demo.house import House

COLLEAGUES = 6
LONGEST_WAIT = 10
"""So many days later than wished a course may start."""
FAR_AWAY = 10**9
Placing = tuple[Session, Spot]


class Ledger:
    """All visits and courses, and the book that they are taken from."""

    def __init__(self, house: House, book: Book) -> None:
        self.house, self.book = house, book
        self.visits: list[Visit] = []
        self.courses: list[Course] = []
        self.batches: list[list[Visit]] = []
        """Visits booked in one step: one confirmation each."""
        self._rest = house.clinic.min_rest_hours * 60
        self._own = {person.id: book.desks_of(person.id) for person in house.practitioners}
        self._colleagues = {number: self._nearest_colleagues(number) for number in self._own}

    def begin(self, course: Course) -> list[Visit]:
        """Place a new course as a whole, its start fitted to the book.

        Nothing is done when even its first sessions find no place.
        """
        wanted = self._window(course.sessions[0], None, day_of(course.prescribed))
        first = self._look(course.practitioner_id, replace(wanted, last=wanted.first + LONGEST_WAIT))
        if first is None:
            return []
        course.starts_day = day_of(first.moment)
        placings = self._place(course, course.prescribed)
        if len(placings) < min(3, len(course.sessions)):
            for session, spot in placings:
                self.book.give_back(spot, session.kind)
            return []
        self.courses.append(course)
        return self._book(placings, course.prescribed)

    def mend(self, course: Course, moment: int) -> list[Visit]:
        """Place what is to place as far as there is room."""
        return self._book(self._place(course, moment), moment)

    def book_single(self, guest: Guest, wanted: Search, moment: int) -> Visit | None:
        """Book an appointment outside any plan with the patient's own practitioner, if there is a place."""
        spot = self.book.find(self._own[guest.practitioner_id or 1], wanted)
        if spot is None:
            return None
        self.book.take(spot, wanted.kind)
        guest.keep_to(spot.moment % DAY_MINUTES)
        visit = self._visit(guest, wanted.kind, spot, None, moment)
        self.batches.append([visit])
        return visit

    def move(self, visit: Visit, moment: int) -> bool:
        """Give a visit of a course another day in its window; False if there is none."""
        if visit.session is None:
            return False
        course = visit.session.course
        before = [other.visit for other in course.sessions[: visit.session.number - 1] if other.visit]
        previous = before[-1].spot.moment if before else None
        wanted = self._window(visit.session, previous, day_of(moment))
        wanted = replace(wanted, avoided_day=day_of(visit.spot.moment))
        self.book.give_back(visit.spot, visit.kind)
        spot = self._look(course.practitioner_id, wanted)
        if spot is not None:
            visit.spot = spot
            visit.tell("moved", moment)
        self.book.take(visit.spot, visit.kind)
        return spot is not None

    def cancel(self, visit: Visit, moment: int, reason: str) -> None:
        """Cancel a visit; its session is to place again."""
        self._lose(visit, AppointmentStatus.CANCELLED, reason)
        visit.reason = reason
        visit.tell("cancelled", moment)

    def miss(self, visit: Visit) -> None:
        """The patient did not come; the session is to place again."""
        visit.version += 1
        self._lose(visit, AppointmentStatus.NO_SHOW, "no_show")

    def hold(self, visit: Visit) -> None:
        """The patient came; what should have been before and could not be made up is skipped."""
        visit.version += 2  # arrived, then completed
        visit.status = AppointmentStatus.COMPLETED.value
        if visit.session is None:
            return
        visit.session.status = SessionStatus.COMPLETED.value
        for session in visit.session.course.to_place:
            if session.number < visit.session.number:
                session.status = SessionStatus.SKIPPED.value
                session.reason = "No time found before the next session"

    def complete(self, course: Course) -> None:
        """Close a course whose sessions are all done."""
        course.status = PlanStatus.COMPLETED.value
        course.version += 1

    def pause(self, course: Course, moment: int) -> None:
        """Release what is ahead; the sessions wait."""
        self._release(course, moment, "Plan paused")
        course.status = PlanStatus.PAUSED.value
        course.version += 1

    def discontinue(self, course: Course, moment: int, reason: str) -> None:
        """End a course early; what was left of it is skipped."""
        self._release(course, moment, reason)
        for session in course.to_place:
            session.status, session.reason = SessionStatus.SKIPPED.value, reason
        course.status = PlanStatus.DISCONTINUED.value
        course.version += 1

    def _release(self, course: Course, moment: int, reason: str) -> None:
        for session in course.placed:
            if session.visit is not None:
                self.cancel(session.visit, moment, reason)

    def _lose(self, visit: Visit, status: AppointmentStatus, reason: str) -> None:
        self.book.give_back(visit.spot, visit.kind)
        visit.status = status.value
        if visit.session is not None:
            visit.session.status = SessionStatus.TO_PLACE.value
            visit.session.reason, visit.session.visit = reason, None
            visit.session.lost_day = day_of(visit.spot.moment)

    def _place(self, course: Course, moment: int) -> list[Placing]:
        """Take a spot for each session to place, in order; a series ends where one finds none."""
        found: list[Placing] = []
        previous: int | None = None
        for session in course.sessions:
            if session.visit is not None:
                previous = session.visit.spot.moment
            elif session.status == SessionStatus.TO_PLACE:
                wanted = self._window(session, previous, day_of(moment))
                spot = self._look(course.practitioner_id, wanted)
                if spot is not None:
                    self.book.take(spot, session.kind)
                    found.append((session, spot))
                    previous = spot.moment
                    course.guest.keep_to(spot.moment % DAY_MINUTES)
                elif wanted.not_after == FAR_AWAY:
                    break
        return found

    def _window(self, session: Session, previous: int | None, today: int) -> Search:
        """Where to look for a session: in its window, or soon where that is over, but before the next one."""
        course, phase = session.course, session.phase
        begins = course.starts_day if previous is None else day_of(previous)
        first = max(begins + (0 if previous is None else phase.min_days), today + 1)
        last = begins + phase.max_days
        if last < first:
            last = first + 7
        not_after = FAR_AWAY
        following = next((other for other in course.sessions[session.number :] if other.visit), None)
        if following is not None and following.visit is not None:
            not_after = following.visit.spot.moment - self._rest
            last = min(last, day_of(following.visit.spot.moment) - following.phase.min_days)
        return Search(
            kind=session.kind,
            first=first,
            last=last,
            ideal=max(begins + (0 if previous is None else phase.ideal_days), first),
            usual_minute=course.guest.usual_minute,
            not_before=0 if previous is None else previous + self._rest,
            not_after=not_after,
            avoided_day=session.lost_day,
        )

    def _look(self, practitioner_id: int, wanted: Search) -> Spot | None:
        """A spot with the practitioner, else with a colleague."""
        own = self.book.find(self._own[practitioner_id], wanted)
        return own or self.book.find(self._colleagues[practitioner_id], wanted)

    def _book(self, placings: Sequence[Placing], moment: int) -> list[Visit]:
        batch = []
        for session, spot in placings:
            visit = self._visit(session.course.guest, session.kind, spot, session, moment)
            session.status, session.reason, session.visit = SessionStatus.PLACED.value, "", visit
            batch.append(visit)
        if batch:
            placings[0][0].course.version += 1
            self.batches.append(batch)
        return batch

    def _visit(
        self, guest: Guest, kind: AppointmentType, spot: Spot, session: Session | None, moment: int
    ) -> Visit:
        visit = Visit(guest, kind, spot, moment, session)
        visit.tell("booked", moment)
        self.visits.append(visit)
        return visit

    def _nearest_colleagues(self, practitioner_id: int) -> list[Desk]:
        """Desks of a few others, those at the same places first."""
        here = {place for _, place in self._own[practitioner_id]}
        count = len(self._own)
        others = sorted(
            (desk for desk in self.book.open if desk[0] != practitioner_id),
            key=lambda desk: (desk[1] not in here, (desk[0] - practitioner_id) % count),
        )
        return others[:COLLEAGUES]
