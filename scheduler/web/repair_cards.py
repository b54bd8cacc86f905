"""A preview of a repair as it is shown: its weeks as a small calendar, every session with its gap in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from scheduler.usecases.repairs.lines import CourseLine, PlaceInTime, RepairPreview, Stand
from scheduler.wording.planning import QUIET_NOTES, note_sentence
from scheduler.wording.repairs import left_sentence, stand_words

STEPS = {
    "moves": _l("moves"),
    "placed": _l("new date"),
    "moved": _l("moved by you"),
    "cancelled": _l("cancelled"),
    "unplaced": _l("no date"),
}
"""step -> what its badge says; a session that stays has none."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A session in the small calendar: "stays", "old" where it leaves, "new" where it goes."""

    number: int
    kind: str


@dataclass(slots=True)
class Week:
    """Seven days with what is on them; so many weeks without anything come before it."""

    monday: date
    skipped: int
    days: list[list[Mark]] = field(default_factory=lambda: [[] for _ in range(7)])


@dataclass(frozen=True, slots=True)
class Line:
    """A session in words; ``alone`` is how it stands without the repair, where that is outside its window."""

    number: int
    badge: str
    old: PlaceInTime | None
    """Where it was, if it leaves that."""
    new: PlaceInTime | None
    gap: str
    alone: str
    broken: bool
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Card:
    """A preview as the screens show it; ``hidden`` are the fields that an accepting form sends back."""

    found: RepairPreview
    weeks: list[Week]
    lines: list[Line]
    hidden: Sequence[tuple[str, str]]

    @property
    def others(self) -> int:
        """How many other sessions the repair moves or places."""
        return len(set(self.found.moved + self.found.placed) - {self.found.in_hand})


def card_of(found: RepairPreview) -> Card:
    """The card of a preview: from the session before the first that is concerned, on."""
    concerned = [
        line.number for line in found.lines if line.changes or line.newly_broken or line.after.broken
    ]
    first = max(
        (line.number for line in found.lines if concerned and line.number < min(concerned)), default=0
    )
    shown = [line for line in found.lines if line.number >= first]
    return Card(found, _weeks(shown), [_line(line) for line in shown], _hidden(found))


def _line(line: CourseLine) -> Line:
    after = line.after
    moves = line.now.slot != after.slot
    notes = [
        note_sentence(note.code, note.params, gettext)
        for note in line.notes
        if note.code not in QUIET_NOTES and not note.code.startswith("gap_")
    ]
    if line.reason and after.broken and (after.slot is None or line.movable):
        notes.append(left_sentence(line.reason, gettext))
    return Line(
        number=line.number,
        badge=str(STEPS.get(line.step, "")),
        old=line.now.slot if moves else None,
        new=after.slot,
        gap=_words(after, line) if after.slot else "",
        alone=_words(line.changed, line) if line.repaired and line.changed.broken else "",
        broken=after.broken,
        notes=notes,
    )


def _words(stand: Stand, line: CourseLine) -> str:
    return stand_words(
        stand.days,
        stand.verdict,
        placed=stand.slot is not None,
        broken=stand.broken,
        limits=(line.min_days, line.max_days),
        gettext=gettext,
    )


def _weeks(lines: Sequence[CourseLine]) -> list[Week]:
    """The weeks with anything in them, in order."""
    marks: list[tuple[date, Mark]] = []
    for line in lines:
        before, after = line.now.slot, line.after.slot
        if before == after:
            marks += [(after.on, Mark(line.number, "stays"))] if after else []
            continue
        marks += [(before.on, Mark(line.number, "old"))] if before else []
        marks += [(after.on, Mark(line.number, "new"))] if after else []
    by_monday: dict[date, list[tuple[date, Mark]]] = {}
    for day, mark in marks:
        by_monday.setdefault(day - timedelta(days=day.weekday()), []).append((day, mark))
    weeks: list[Week] = []
    for monday in sorted(by_monday):
        skipped = (monday - weeks[-1].monday).days // 7 - 1 if weeks else 0
        week = Week(monday, skipped)
        for day, mark in by_monday[monday]:
            week.days[day.weekday()].append(mark)
        weeks.append(week)
    return weeks


def _hidden(found: RepairPreview) -> list[tuple[str, str]]:
    fields = [("plan_id", str(found.plan_id or "")), ("plan_version", str(found.plan_version))]
    fields += [("seen", f"{number}|{version}") for number, version in found.versions.items()]
    fields += [
        ("change", f"{one.number}|{one.starts_at.timestamp():.0f}|{one.practitioner_id}|{one.location_id}")
        for one in found.changes
    ]
    return fields


def names_used(found: RepairPreview) -> Mapping[str, bool]:
    """Whether practitioners or locations differ among the sessions shown: only then they are named."""
    places = [line.after.slot for line in found.lines if line.after.slot]
    return {
        "people": len({place.practitioner_id for place in places}) > 1,
        "places": len({place.location_id for place in places}) > 1,
    }
