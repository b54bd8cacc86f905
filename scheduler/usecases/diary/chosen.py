"""Of whom and of what a diary is wanted: the filters that each person may set."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from scheduler.models import Appointment


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of whom and of what the diary is wanted; an empty tuple means everybody and everything."""

    practitioner_ids: tuple[int, ...] = ()
    type_ids: tuple[int, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """What an appointment must fulfil."""
        found: list[ColumnElement[bool]] = []
        if self.practitioner_ids:
            found.append(Appointment.practitioner_id.in_(self.practitioner_ids))
        if self.type_ids:
            found.append(Appointment.appointment_type_id.in_(self.type_ids))
        return found


EVERYTHING = Chosen()
