"""What a preview of a repair shows: every session as it is, after the change in hand, and after the repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from scheduler.planning.cadence import Verdict
from scheduler.planning.repair import Repair, Standing
from scheduler.planning.repair.course import RepairReason
from scheduler.planning.series import Fixed, Note
from scheduler.planning.timeline import TICK_MINUTES, instant_of
from scheduler.usecases.repairs.course import InHand, Situation
from scheduler.usecases.series.placement import ChosenSlot

LineStep = Literal["stays", "moves", "placed", "unplaced", "moved", "cancelled"]
"""What becomes of a session. "moved" is the one in hand; "cancelled" it, too, where no new date is found for it."""


@dataclass(frozen=True, slots=True)
class PlaceInTime:
    """Where a session is or would be, [starts_at, ends_at) in UTC; ``on`` is the local date."""

    starts_at: datetime
    ends_at: datetime
    on: date
    practitioner_id: int
    location_id: int


@dataclass(frozen=True, slots=True)
class Stand:
    """A session at one time: its slot, and how many days it follows the session before it.

    ``days`` and ``verdict`` are None for the first session and next to one without a slot. ``broken``: outside its
    window, within its rest, or without a slot.
    """

    slot: PlaceInTime | None
    days: int | None
    verdict: Verdict | None
    broken: bool


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One session now, after the change in hand, and after the repair (None where there is none)."""

    number: int
    appointment_id: int | None
    step: LineStep
    ideal_days: int
    min_days: int
    max_days: int
    now: Stand
    changed: Stand
    repaired: Stand | None
    movable: bool
    reason: RepairReason | None = None
    """Why its window stays broken, or nothing is found, in the repair."""
    notes: tuple[Note, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the change in hand or its repair touches this session."""
        return self.step in {"moves", "placed", "moved", "cancelled"}

    @property
    def newly_broken(self) -> bool:
        """Whether the change in hand, left alone, breaks its window."""
        return self.changed.broken and not self.now.broken

    @property
    def after(self) -> Stand:
        """As it stands in the end: repaired if there is a repair."""
        return self.repaired or self.changed


@dataclass(frozen=True, slots=True)
class RepairPreview:
    """What a change does to a plan and the smallest repair; without lines where no plan is concerned."""

    in_hand: int | None
    """The number of the session that is moved or cancelled."""
    busy: tuple[str, ...] = ()
    """What is taken at the time it is moved to: practitioner, room, patient."""
    rules: tuple[str, ...] = ()
    """Codes of rules that speak against the move alone …"""
    repair_rules: tuple[str, ...] = ()
    """… and against the move with its repair."""
    plan_id: int | None = None
    plan_name: str = ""
    plan_version: int = 0
    patient_id: int | None = None
    lines: list[CourseLine] = field(default_factory=list)
    versions: Mapping[int, int] = field(default_factory=dict)
    """Appointment -> version of all that the preview looked at, to be sent back with what is accepted."""
    offered: bool = False
    """Whether a repair does better than the change alone."""

    @property
    def newly_broken(self) -> list[int]:
        """Sessions whose window the change in hand breaks."""
        return [line.number for line in self.lines if line.newly_broken]

    @property
    def moved(self) -> list[int]:
        """Sessions that the repair moves, besides the one in hand."""
        return [line.number for line in self.lines if line.step == "moves"]

    @property
    def placed(self) -> list[int]:
        """Sessions without a slot that the repair places."""
        return [line.number for line in self.lines if line.step == "placed"]

    @property
    def still_broken(self) -> list[int]:
        """Sessions to come whose window is broken in the end."""
        return [
            line.number
            for line in self.lines
            if line.after.broken and (line.movable or line.changes or line.after.slot is None)
        ]

    @property
    def changes(self) -> list[ChosenSlot]:
        """The repair as accept_repair takes it: the new slots of all sessions but the one moved by hand."""
        return [
            ChosenSlot(line.number, slot.starts_at, slot.practitioner_id, slot.location_id)
            for line in self.lines
            if line.step in {"moves", "placed"} and line.repaired and (slot := line.repaired.slot)
        ]


def lines_of(
    situation: Situation,
    in_hand: InHand | None,
    before: Sequence[Standing],
    after: Sequence[Standing],
    repair: Repair | None,
    repaired: Sequence[Standing] | None,
) -> list[CourseLine]:
    """The lines of a preview, one for each session that counts."""
    lines = []
    for at, one in enumerate(situation.sessions):
        found = repair.lines[at] if repair else None
        appointment = situation.lines[at].appointment
        minutes = timedelta(minutes=one.duration_ticks * TICK_MINUTES)
        so_far = appointment.ends_at - appointment.starts_at if appointment else minutes
        lines.append(
            CourseLine(
                number=one.number,
                appointment_id=appointment.id if appointment else None,
                step=_step(one.number, in_hand, found.step if found else None, after[at].slot),
                ideal_days=one.ideal_days,
                min_days=one.min_days,
                max_days=situation.lines[at].session.phase.max_days,
                now=_stand(before[at], so_far),
                changed=_stand(after[at], minutes),
                repaired=_stand(repaired[at], minutes) if repaired else None,
                movable=one.number in situation.movable,
                reason=found.reason if found else None,
                notes=found.notes if found else (),
            )
        )
    return lines


def _step(number: int, in_hand: InHand | None, step: LineStep | None, slot: Fixed | None) -> LineStep:
    if in_hand is not None and number == in_hand.number:
        if in_hand.slot:
            return "moved"
        return "placed" if step == "placed" else "cancelled"
    return step or ("stays" if slot else "unplaced")


def _stand(standing: Standing, length: timedelta) -> Stand:
    slot, gap = standing.slot, standing.gap
    return Stand(
        slot=_in_time(slot, length) if slot else None,
        days=gap.days if gap else None,
        verdict=gap.verdict if gap else None,
        broken=standing.broken,
    )


def _in_time(slot: Fixed, length: timedelta) -> PlaceInTime:
    starts_at = instant_of(slot.tick)
    return PlaceInTime(
        starts_at=starts_at,
        ends_at=starts_at + length,
        on=date.fromordinal(slot.day),
        practitioner_id=slot.practitioner_id,
        location_id=slot.location_id,
    )
