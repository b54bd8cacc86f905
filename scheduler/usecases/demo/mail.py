"""The demo's outbox: what was sent in the past, and the reminders still to be sent."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from scheduler.models import Clinic, Message, MessageItem, MessageKind, MessageState
from scheduler.planning.due import ReminderPolicy, reminders_due
from scheduler.usecases.demo.cast import Telling, Visit
from scheduler.usecases.demo.rows import Row, Tables
from scheduler.usecases.demo.size import Days
from scheduler.usecases.messages.outbox import CANCELLED, MOVED
from scheduler.usecases.messages.outbox_rows import dedupe_key

K = MessageKind
ACCEPTED = "250 2.0.0 Ok: queued"
REFUSED = "550 5.1.1 Recipient address rejected: user unknown"
WITHDRAWN = {"moved": MOVED, "cancelled": CANCELLED}
Told = list[tuple[Visit, Telling]]


class Outbox:
    """Collects messages; rows come out in the order in which they were owed."""

    def __init__(self, clinic: Clinic, days: Days, chance: random.Random) -> None:
        self._days, self._chance = days, chance
        self._policy = ReminderPolicy(
            offsets_minutes=tuple(clinic.reminder_offsets_minutes),
            quiet_from_minute=clinic.quiet_from_minute,
            quiet_until_minute=clinic.quiet_until_minute,
            not_if_booked_within_minutes=clinic.no_reminder_within_minutes,
        )
        self._messages: list[tuple[Row, Told]] = []

    def tables(self, batches: list[list[Visit]]) -> Tables:
        """Messages and their items for everything that was booked."""
        for batch in batches:
            self._confirm(batch)
            for visit in batch:
                self._tell_changes(visit)
                self._remind(visit)
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
        row: Row = {
            "kind": kind.value,
            "dedupe_key": dedupe_key(kind, visit.id, telling.sequence, offset_minutes, guest.id),
            "patient_id": guest.id,
            "recipient": guest.email,
            "offset_minutes": offset_minutes,
            "state": MessageState.DUE.value,
            "due_at": due_at,
            "pointless_at": self._days.at(told[-1][1].starts),
            "next_attempt_at": due_at,
            "claimed_by": None,
            "attempts": 0,
            "sent_at": None,
            "server_reply": "",
            "created_at": owed_at,
        }
        if later is not None and self._days.at(later.moment) <= due_at:
            row |= {"state": MessageState.CANCELLED.value, "server_reply": WITHDRAWN[later.what]}
        elif due_at <= self._days.now:
            sent_at = min(due_at + timedelta(seconds=self._chance.randrange(3, 60)), self._days.now)
            row |= {
                "attempts": 1,
                "state": MessageState.SENT.value,
                "server_reply": ACCEPTED,
                "sent_at": sent_at,
            }
            if guest.bounces:
                row |= {"state": MessageState.FAILED.value, "server_reply": REFUSED, "sent_at": None}
        self._messages.append((row, told))

    def _items(self) -> Iterator[Row]:
        for row, told in self._messages:
            for visit, telling in told:
                yield {
                    "message_row_id": row["id"],
                    "appointment_id": visit.id,
                    "sequence": telling.sequence,
                    "starts_at": self._days.at(telling.starts),
                }
