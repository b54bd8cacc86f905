"""The demo's outbox: what was sent in the past, and the reminders still to be sent."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from scheduler.models import Clinic, Message, MessageItem, MessageKind, MessageState, Practitioner
from scheduler.planning.due import ReminderPolicy, reminders_due
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.demo.cast import Telling, Visit
from scheduler.usecases.demo.rows import Row, Tables
from scheduler.usecases.demo.size import Days
from scheduler.usecases.messages.claims import CUT_OFF
from scheduler.usecases.messages.outbox import CANCELLED, MOVED
from scheduler.usecases.messages.outbox_rows import dedupe_key

K = MessageKind
ACCEPTED = "250 2.0.0 Ok: queued"
REFUSED = "550 5.1.1 Recipient address rejected: user unknown"
STAFF_MAIL_DAYS = 14
"""So many days back the mails to the clinic's own people are there, and the check-in mails."""
WITHDRAWN = {"moved": MOVED, "cancelled": CANCELLED}
Told = list[tuple[Visit, Telling]]


class Outbox:
    """Collects messages; rows come out in the order in which they were owed."""

    def __init__(self, clinic: Clinic, days: Days, chance: random.Random) -> None:
        self._days, self._chance, self._clinic = days, chance, clinic
        self._policy = ReminderPolicy(
            offsets_minutes=tuple(clinic.reminder_offsets_minutes),
            quiet_from_minute=clinic.quiet_from_minute,
            quiet_until_minute=clinic.quiet_until_minute,
            not_if_booked_within_minutes=clinic.no_reminder_within_minutes,
        )
        self._messages: list[tuple[Row, Told]] = []

    def tables(self, batches: list[list[Visit]], people: list[Practitioner]) -> Tables:
        """Messages and their items for everything that was booked, and for the clinic's own people."""
        for batch in batches:
            self._confirm(batch)
            for visit in batch:
                self._tell_changes(visit)
                self._remind(visit)
                self._ask(visit)
        self._tell_staff(people)
        self._leave_one_unclear()
        self._messages.sort(
            key=lambda pair: (pair[0]["created_at"], pair[0]["due_at"], pair[0]["dedupe_key"])
        )
        for number, (row, _) in enumerate(self._messages, start=1):
            row["id"] = number
            row["message_id"] = f"{self._chance.getrandbits(128):032x}"
        return [(Message, [row for row, _ in self._messages]), (MessageItem, list(self._items()))]

    def _confirm(self, batch: list[Visit]) -> None:
        told = [(visit, visit.tellings[0]) for visit in batch]
        told.sort(key=lambda pair: pair[1].starts)
        kind = K.CONFIRMATION if len(told) == 1 else K.SERIES_CONFIRMATION
        self._owe_at_once(kind, told)

    def _tell_changes(self, visit: Visit) -> None:
        kinds = {"moved": K.CHANGE, "cancelled": K.CANCELLATION}
        for telling in visit.tellings[1:]:
            self._owe_at_once(kinds[telling.what], [(visit, telling)])

    def _owe_at_once(self, kind: MessageKind, told: Told) -> None:
        owed_at = self._days.at(told[0][1].moment)
        self._add(kind, told, owed_at, owed_at, None, None)

    def _remind(self, visit: Visit) -> None:
        """The reminders of each start that the visit had, for as long as it had it."""
        if not visit.guest.wants_reminders or visit.guest.email is None:
            return
        for telling, later in pairwise([*visit.tellings, None]):
            if telling is None or telling.what == "cancelled":
                continue
            owed_at, starts_at = self._days.at(telling.moment), self._days.at(telling.starts)
            for due in reminders_due(starts_at, owed_at, self._days.zone, self._policy, owed_at):
                self._add(K.REMINDER, [(visit, telling)], owed_at, due.due_at, due.offset_minutes, later)

    def _ask(self, visit: Visit) -> None:
        """How are you? To whom no reminder asks, a day ahead; what is still to come the clock owes in time."""
        if visit.session is None or visit.guest.wants_reminders or not visit.is_active:
            return
        due_at = self._days.at(visit.spot.moment - DAY_MINUTES)
        if self._days.now - timedelta(days=STAFF_MAIL_DAYS) < due_at <= self._days.now:
            self._add(K.CHECK_IN, [(visit, visit.tellings[-1])], due_at, due_at, None, None)

    def _tell_staff(self, people: list[Practitioner]) -> None:
        """The past days' lists and Mondays' summaries; today's the clock owes in time."""
        days = self._days
        for number in range(max(days.today - STAFF_MAIL_DAYS, 0), days.today):
            on = days.date_of(number)
            if on.weekday() == self._clinic.summary_weekday:
                for address in self._clinic.summary_recipients:
                    at = days.at(number * DAY_MINUTES + self._clinic.summary_minute)
                    self._add_to_staff(K.WEEKLY_SUMMARY, f"{on:%G-W%V}:demo", address, at, on, None)
            if on.weekday() >= 5:
                continue
            for person in people:
                minute = person.day_list_minute
                if minute is not None and person.email:
                    about = on if minute < DAY_MINUTES // 2 else on + timedelta(days=1)
                    key, at = f"{about}:practitioner{person.id}", days.at(number * DAY_MINUTES + minute)
                    self._add_to_staff(K.DAY_LIST, key, person.email, at, about, person.id)

    def _add_to_staff(
        self, kind: MessageKind, key: str, address: str, at: datetime, on: date, person_id: int | None
    ) -> None:
        row = self._row(kind, f"{kind.value}:{key}", address, at, at)
        row |= {"about_on": on, "practitioner_id": person_id, "pointless_at": at + timedelta(hours=17)}
        self._messages.append((row | self._sent(at), []))

    def _leave_one_unclear(self) -> None:
        """The line to the mail server broke while the last of the mails that still matter was handed over."""
        of_use = [
            row
            for row, _ in self._messages
            if row["state"] == MessageState.SENT
            and row["pointless_at"] > self._days.now
            and row["patient_id"]
        ]
        if of_use:
            last = max(of_use, key=lambda row: (row["due_at"], row["dedupe_key"]))
            last |= {"state": MessageState.UNKNOWN.value, "server_reply": CUT_OFF, "sent_at": None}

    def _add(
        self,
        kind: MessageKind,
        told: Told,
        owed_at: datetime,
        due_at: datetime,
        offset_minutes: int | None,
        later: Telling | None,
    ) -> None:
        visit, telling = told[0]
        guest = visit.guest
        if guest.email is None:
            return
        key = dedupe_key(kind, visit.id, telling.sequence, offset_minutes, guest.id)
        row = self._row(kind, key, guest.email, due_at, owed_at)
        row |= {"patient_id": guest.id, "offset_minutes": offset_minutes}
        row["pointless_at"] = self._days.at(told[-1][1].starts)
        if later is not None and self._days.at(later.moment) <= due_at:
            row |= {"state": MessageState.CANCELLED.value, "server_reply": WITHDRAWN[later.what]}
        elif due_at <= self._days.now:
            row |= self._sent(due_at)
            if guest.bounces:
                row |= {"state": MessageState.FAILED.value, "server_reply": REFUSED, "sent_at": None}
        self._messages.append((row, told))

    def _row(self, kind: MessageKind, key: str, address: str, due_at: datetime, owed_at: datetime) -> Row:
        return {
            "kind": kind.value,
            "dedupe_key": key,
            "patient_id": None,
            "practitioner_id": None,
            "about_on": None,
            "recipient": address,
            "offset_minutes": None,
            "state": MessageState.DUE.value,
            "due_at": due_at,
            "pointless_at": None,
            "next_attempt_at": due_at,
            "claimed_by": None,
            "attempts": 0,
            "sent_at": None,
            "server_reply": "",
            "created_at": owed_at,
        }

    def _sent(self, due_at: datetime) -> Row:
        sent_at = min(due_at + timedelta(seconds=self._chance.randrange(3, 60)), self._days.now)
        return {
            "attempts": 1,
            "state": MessageState.SENT.value,
            "server_reply": ACCEPTED,
            "sent_at": sent_at,
        }

    def _items(self) -> Iterator[Row]:
        for row, told in self._messages:
            for visit, telling in told:
                yield {
                    "message_row_id": row["id"],
                    "appointment_id": visit.id,
                    "sequence": telling.sequence,
                    "starts_at": self._days.at(telling.starts),
                }
