"""What mails to the clinic's own people say, worked out at the moment they are sent.

They go by unencrypted mail: first name and initial, when and where, how many days late; nothing of what is treated.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.clinic import Clinic, Location, Room
from scheduler.models.patients import Patient
from scheduler.models.practitioners import Practitioner
from scheduler.usecases.messages.letters import DayLine, DayList, Summary, SummaryLine
from scheduler.usecases.plans.board import BehindLine, lines_behind

WORST = 20
"""Plans named in the mail; the board has them all."""
ANY_ZONE = timedelta(hours=14)
"""No zone is further from UTC."""


def summarise(session: Session, recipient: str, *, today: date, now: datetime) -> Summary:
    """The summary for one address as of now; ``today`` is the local date that it is about."""
    lines = lines_behind(session, today=today, now=now)
    return Summary(
        wanted=recipient in session.get_one(Clinic, 1).summary_recipients,
        behind=len(lines),
        overdue=sum(line.days_left < 0 for line in lines),
        without_next=sum(line.next_at is None for line in lines),
        worst=tuple(map(_line, lines[:WORST])),
    )


def _line(line: BehindLine) -> SummaryLine:
    return SummaryLine(
        who=_shortened(line.patient),
        number=line.number,
        sessions=line.sessions,
        days_left=line.days_left,
        has_next=line.next_at is not None,
    )


def day_list(session: Session, practitioner_id: int, on: date) -> DayList:
    """A practitioner's appointments whose local day is ``on``, wherever they are."""
    practitioner = session.get_one(Practitioner, practitioner_id)
    begins_at = datetime.combine(on, time(), tzinfo=UTC)
    rows = session.execute(
        select(
            Appointment.starts_at,
            Appointment.ends_at,
            Location.zone,
            Location.name,
            Room.name.label("room"),
            Patient.given_name,
            Patient.family_name,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(
            Appointment.practitioner_id == practitioner_id,
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at >= begins_at - ANY_ZONE,
            Appointment.starts_at < begins_at + timedelta(days=1) + ANY_ZONE,
        )
        .order_by(Appointment.starts_at)
    )
    return DayList(
        wanted=practitioner.day_list_minute is not None and practitioner.archived_at is None,
        on=on,
        lines=tuple(
            DayLine(
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                zone=row.zone,
                who=_shortened(f"{row.given_name} {row.family_name}"),
                where=", ".join(filter(None, (row.name, row.room))),
            )
            for row in rows
            if row.starts_at.astimezone(ZoneInfo(row.zone)).date() == on
        ),
    )


def _shortened(name: str) -> str:
    """Paul Pain -> Paul P."""
    given, _, family = name.rpartition(" ")
    return f"{given} {family[:1]}." if given and family else name
