"""Who plays in the demo's story: guests (patients), their courses (plans), sessions and visits (appointments).

Moments are wall-clock minutes since day 0. Identities are given when the story is over.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from scheduler.models import AppointmentStatus, AppointmentType, PlanStatus, Protocol, SessionStatus
from scheduler.models.appointments import INACTIVE
from scheduler.models.protocols import ProtocolPhase
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.demo.book import Spot


@dataclass(slots=True, eq=False)
class Guest:
    """A patient, with the time of day and the practitioner that they keep to."""

    id: int
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    born_on: date | None
    locale: str | None
    wants_reminders: bool
    notes: str
    cautions: list[str]
    bounces: bool
    """Mail to the address is refused."""
    usual_minute: int
    practitioner_id: int | None = None
    is_known: bool = False
    """Has been to the clinic, or has an appointment."""
    created_at: datetime | None = None
    """None until they first call."""
    has_habit: bool = False
    """The usual minute comes from a visit and is not only a wish."""
    consented_on: date | None = None
    attention: str = ""
    wants_invitations: bool = False

    def keep_to(self, minute: int) -> None:
        """Make the time of the first visit the usual one."""
        if not self.has_habit:
            self.usual_minute, self.has_habit = minute, True


@dataclass(slots=True)
class Telling:
    """A change that the patient hears of: booked, moved or cancelled, and the start as of then."""

    what: str
    moment: int
    starts: int
    sequence: int


@dataclass(slots=True, eq=False)
class Visit:
    """An appointment."""

    guest: Guest
    kind: AppointmentType
    spot: Spot
    booked: int
    session: "Session | None"
    is_no_show: bool = False
    """What will become of it, unless it is cancelled before."""
    id: int = 0
    uid: str = ""
    status: str = AppointmentStatus.BOOKED.value
    sequence: int = 0
    version: int = 1
    reason: str = ""
    tellings: list[Telling] = field(default_factory=list)

    @property
    def ends(self) -> int:
        """The moment of the end."""
        return self.spot.moment + self.kind.duration_minutes

    @property
    def is_active(self) -> bool:
        """Whether it occupies its slot."""
        return self.status not in INACTIVE

    def tell(self, what: str, moment: int) -> None:
        """Count a visible change, but for the booking itself, and remember what the patient was told."""
        if what != "booked":
            self.version += 1
            self.sequence += 1
        self.tellings.append(Telling(what, moment, self.spot.moment, self.sequence))


@dataclass(slots=True, eq=False)
class Session:
    """A planned session; ``visit`` is the active appointment that fills it, if any."""

    course: "Course"
    number: int
    phase: ProtocolPhase
    kind: AppointmentType
    status: str = SessionStatus.TO_PLACE.value
    reason: str = ""
    visit: Visit | None = None
    lost_day: int = -1
    """When its last appointment was to be that did not take place."""
    id: int = 0


@dataclass(slots=True, eq=False)
class Course:
    """A treatment plan."""

    guest: Guest
    practitioner_id: int
    protocol: Protocol
    prescribed: int
    starts_day: int
    muscles: list[str]
    preferences: dict[str, Any]
    sessions: list[Session] = field(default_factory=list)
    stops_after: int = 0
    """The session after which the patient gives up; 0: none."""
    status: str = PlanStatus.ACTIVE.value
    version: int = 1
    questionnaire: str | None = None
    """Asked once a month."""
    tries: int = 0
    """How often reception tried in vain to place what is to place."""
    id: int = 0

    @property
    def to_place(self) -> list[Session]:
        """Sessions without an appointment that still need one."""
        return [session for session in self.sessions if session.status == SessionStatus.TO_PLACE]

    @property
    def held(self) -> int:
        """How many sessions took place."""
        return sum(session.status == SessionStatus.COMPLETED for session in self.sessions)

    @property
    def placed(self) -> list[Session]:
        """Sessions with an appointment ahead."""
        return [session for session in self.sessions if session.status == SessionStatus.PLACED]


def day_of(moment: int) -> int:
    """The day that a moment lies in."""
    return moment // DAY_MINUTES
