"""What the bulk readings of plans share: which appointment fills a planned session, said so that its index is used."""

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam

from scheduler.models import Appointment, AppointmentStatus, PlannedSession
from scheduler.models.appointments import INACTIVE


def filled_by() -> ColumnElement[bool]:
    """The condition that joins a planned session and the one appointment that stands for it.

    The index of active appointments by planned session holds exactly those that are not INACTIVE, and a database uses
    it only where it sees those words: so they are written into the statement, and held ones are left out beside them.
    """
    inactive: BindParameter[tuple[str, ...]] = bindparam(
        "inactive", INACTIVE, expanding=True, literal_execute=True
    )
    return and_(
        Appointment.planned_session_id == PlannedSession.id,
        Appointment.status.not_in(inactive),
        Appointment.status != AppointmentStatus.HELD.value,
    )
