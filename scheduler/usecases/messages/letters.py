"""What a message says, as plain values, and whether it should still be sent at all.

letter_rows.py reads them, just before they are sent.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from scheduler.models.messages import MessageKind
from scheduler.models.offers import TurnStatus
from scheduler.usecases.messages.outbox import CANCELLED, MOVED, REPLACED
from scheduler.usecases.messages.own_words import Stored

K = MessageKind
BEGUN = "The appointment has begun."
NO_ADDRESS = "The patient has no email address any more."
NO_REMINDERS = "The patient wants no reminders."
MUTED = "The patient does not want mails of this kind."
NONE_LEFT = "None of its appointments is left."
NOT_CANCELLED = "The appointment is not cancelled."
NOT_OFFERED = "The slot is not offered to this patient any more."
NEVER_OFFERED = "The patient was never told of the offer."
NOT_WANTED = "This mail is not wanted any more."
TOO_LATE = "Its day is over."
ENDED = (TurnStatus.EXPIRED.value, TurnStatus.PASSED_OVER.value)
"""What became of turns that ended without an answer."""


class Sender(NamedTuple):
    """The clinic as its mails name it."""

    name: str
    email: str
    phone: str
    locale: str
    several_zones: bool
    """Locations in use lie in more than one zone: times need the zone's name."""


class Visit(NamedTuple):
    """An appointment as a mail tells it."""

    appointment_id: int
    sequence: int
    starts_at: datetime
    ends_at: datetime
    active: bool
    practitioner: str
    location: str
    address: str
    room: str
    zone: str
    told_sequence: int
    """What the message's item says so far, to be brought up to date …"""
    told_at: datetime
    """… and the start that it tells."""
    previous_at: datetime | None = None
    """Changes: the start of which the patient was told last; None: nothing was told of it yet."""
    last_told_sequence: int | None = None
    """Changes: the revision that the patient was told last."""
    uid: str = ""
    """Its identity in calendars, and when it last changed there: for invitations."""
    changed_at: datetime | None = None


class OwnLink(NamedTuple):
    """What the secret of a patient's own page is made from."""

    link_id: int
    nonce: str

    def __repr__(self) -> str:
        return f"OwnLink({self.link_id})"


class Offered(NamedTuple):
    """A slot offered to a patient for whom it is the turn, as a mail tells it."""

    turn_id: int
    status: str
    asked_at: datetime | None
    expires_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    releases_at: datetime | None
    """The start of the patient's later appointment that would be given up for it."""
    practitioner: str
    location: str
    address: str
    zone: str
    was_told: bool
    """Whether a mail with the offer may have reached the patient."""
    room: str = ""


class SummaryLine(NamedTuple):
    """A plan on the behind board, as much of it as may stand in a mail."""

    who: str
    """First name and the family name's initial."""
    number: int
    sessions: int
    days_left: int
    has_next: bool


class Summary(NamedTuple):
    """The behind board in numbers, and its worst lines."""

    wanted: bool
    behind: int
    overdue: int
    """Of them, those whose window broke already."""
    without_next: int
    """Of them, those with nothing booked ahead."""
    worst: tuple[SummaryLine, ...]


class DayLine(NamedTuple):
    """An appointment of the day, for who treats; shortened as in SummaryLine."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    who: str
    where: str


class DayList(NamedTuple):
    """A practitioner's appointments of one local day."""

    wanted: bool
    on: date
    lines: tuple[DayLine, ...]


class Letter(NamedTuple):
    """A message with all that its text needs, as plain values."""

    id: int
    kind: str
    message_id: str
    """The part of the Message-ID before the @."""
    recipient: str
    """The patient's address now, "" if there is none."""
    recipient_told: str
    """The address in the message's row."""
    given_name: str
    """"" in mails to addresses that the clinic named, as is the name."""
    name: str
    locale: str
    zone: str | None
    wants_reminders: bool
    attempts: int
    pointless_at: datetime | None
    visits: tuple[Visit, ...]
    sender: Sender
    thread: str | None = None
    """The confirmation's Message-ID before the @, to be answered by this one."""
    offered: Offered | None = None
    summary: Summary | None = None
    day: DayList | None = None
    muted: bool = False
    """Whether the patient does not want mails of this kind."""
    wants_invitations: bool = False
    """Whether appointments come as invitations to the calendar, instead of a feed."""
    page: OwnLink | None = None
    """The patient's own page; None: the mail names none."""
    asks_check_in: bool = False
    """Whether the page asks, before the first of these appointments, how the patient is."""
    own_words: Stored | None = None
    """The clinic's own words for its mails, the same for all letters; None: it has none."""


Answer = Letter | str


def still_to_tell(letter: Letter, now: datetime) -> Answer:
    """The letter with what is to be said in it, or why it should not be sent."""
    if not letter.recipient:
        return NO_ADDRESS
    if letter.muted:
        return MUTED
    return _CHECKS.get(letter.kind, _one_visit)(letter, now)


def _series(letter: Letter, now: datetime) -> Answer:
    """Those dates that stand and are ahead; of a change, those that no other mail told meanwhile."""
    ahead = tuple(visit for visit in letter.visits if visit.active and visit.starts_at > now)
    if letter.kind != K.SERIES_CHANGED:
        return letter._replace(visits=ahead) if ahead else NONE_LEFT
    left = tuple(visit for visit in ahead if not _is_told(visit))
    if left:
        return letter._replace(visits=left)
    return REPLACED if ahead else NONE_LEFT


def _reminder(letter: Letter, now: datetime) -> Answer:
    """Those of a day's dates that stand as they were when the reminder was owed."""
    if len(letter.visits) == 1:
        return _one_visit(letter, now)
    left = tuple(
        visit
        for visit in letter.visits
        if visit.active and visit.starts_at > now and visit.starts_at == visit.told_at
    )
    if not left:
        return NONE_LEFT
    return letter._replace(visits=left) if letter.wants_reminders else NO_REMINDERS


def _cancellation(letter: Letter, now: datetime) -> Answer:
    """Those of some dates that are cancelled and still ahead."""
    gone = [visit for visit in letter.visits if not visit.active]
    left = tuple(visit for visit in gone if visit.starts_at > now)
    if len(letter.visits) == 1 and left and left[0].starts_at != left[0].told_at:
        return MOVED
    if left:
        return letter._replace(visits=left)
    return BEGUN if gone else NOT_CANCELLED


def _one_visit(letter: Letter, now: datetime) -> Answer:
    (visit,) = letter.visits
    if not visit.active:
        return CANCELLED
    if visit.starts_at <= now:
        return BEGUN
    if visit.starts_at != visit.told_at:
        return MOVED
    if letter.kind == K.REMINDER and not letter.wants_reminders:
        return NO_REMINDERS
    if letter.kind == K.CHANGE and _is_told(visit):
        return REPLACED
    return letter


def _is_told(visit: Visit) -> bool:
    return visit.last_told_sequence is not None and visit.last_told_sequence >= visit.sequence


def _offer(letter: Letter, now: datetime) -> Answer:
    slot = letter.offered
    open_still = (
        slot is not None and slot.status == TurnStatus.ASKED and slot.expires_at and slot.expires_at > now
    )
    return letter if open_still else NOT_OFFERED


def _offer_expired(letter: Letter, now: datetime) -> Answer:
    """Only for who was told of the offer, and as long as the slot is ahead."""
    slot = letter.offered
    if slot is None or slot.status not in ENDED:
        return NOT_OFFERED
    if not slot.was_told:
        return NEVER_OFFERED
    return letter if slot.starts_at > now else BEGUN


def _weekly_summary(letter: Letter, now: datetime) -> Answer:
    if letter.summary is None or not letter.summary.wanted:
        return NOT_WANTED
    return TOO_LATE if letter.pointless_at and letter.pointless_at <= now else letter


def _day_list(letter: Letter, now: datetime) -> Answer:
    if letter.day is None or not letter.day.wanted:
        return NOT_WANTED
    if letter.pointless_at and letter.pointless_at <= now:
        return TOO_LATE
    return letter if letter.day.lines else NONE_LEFT


_CHECKS: Mapping[str, Callable[[Letter, datetime], Answer]] = {
    K.SERIES_CONFIRMATION: _series,
    K.SERIES_CHANGED: _series,
    K.REMINDER: _reminder,
    K.CANCELLATION: _cancellation,
    K.OFFER: _offer,
    K.OFFER_EXPIRED: _offer_expired,
    K.WEEKLY_SUMMARY: _weekly_summary,
    K.DAY_LIST: _day_list,
}
"""kind -> how it is checked; the others are about one appointment that stands."""
