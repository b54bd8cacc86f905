"""Reminders after random histories of one day's appointments: each start told once, none that was not true."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.extensions import db
from scheduler.light_commits import light_writer
from scheduler.models import Appointment, Message
from scheduler.transaction import writing
from scheduler.usecases.messages import outbox
from scheduler.usecases.messages.claims import Claim, claim_messages, give_back
from scheduler.usecases.messages.dispatch import Outcome, Verdict, begin_sending, keep_outcomes
from tests.factories import World, at, make_appointment, make_world

STEPS = 70
BEGIN = at(3, 9, 0)
"""The reminders of 24 hours before the 4th and the 5th come due within the history."""
DAYS = (4, 5)


class History:
    """What happened: bookings, moves, cancellations, and mails that went out, a step each half hour."""

    def __init__(self, seed: int, world: World) -> None:
        self.dice, self.world, self.now = random.Random(seed), world, BEGIN
        self.told: Counter[tuple[int, datetime]] = Counter()
        self.claims: list[Claim] = []
        self.expected: set[tuple[int, datetime]] = set()
        self.booked_so_far = 0

    def run(self) -> None:
        for _ in range(STEPS):
            self.dice.choice(
                [self.book, self.book, self.move, self.move, self.cancel, self.claim, self.send, self.send]
            )()
            self.now += timedelta(minutes=30)

    def finish(self) -> None:
        """Everything that is due until the day before the last one is over goes out."""
        while self.claims:
            self.send()
        self.now = max(self.now, at(max(DAYS), 8, 0))
        self.claim()
        while self.claims:
            self.send()

    def book(self) -> None:
        starts_at = self._free_start()
        if starts_at is not None:
            self.booked_so_far += 1
            row = make_appointment(self.world, starts_at, uid=f"{self.booked_so_far}@needletime")
            writing(_owe)(row.id, self.now)
            self._expect(row.id, starts_at)

    def move(self) -> None:
        row, starts_at = self._some(), self._free_start()
        if row is not None and starts_at is not None:
            writing(_move)(row.id, starts_at, self.now)
            self._expect(row.id, starts_at)

    def cancel(self) -> None:
        row = self._some()
        if row is not None:
            writing(_cancel)(row.id, self.now)

    def claim(self) -> None:
        claim = claim_messages(limit=10, now=self.now)
        if claim.letters:
            self.claims.append(claim)

    def send(self) -> None:
        """Send what was claimed longest ago, or give it back."""
        if not self.claims:
            return self.claim()
        claim = self.claims.pop(0)
        for letter in claim.letters:
            with light_writer() as writer:
                begun = begin_sending(writer, claim, letter, [], now=self.now)
            if not begun:
                give_back(claim, [letter], next_attempt_at=self.now)
                continue
            for visit in letter.visits:
                present = db.session.get_one(Appointment, visit.appointment_id, populate_existing=True)
                assert (present.status, present.starts_at) == ("booked", visit.starts_at)
                self.told[present.id, present.starts_at] += 1
            keep_outcomes(claim, [Outcome(letter, Verdict.SENT, "250 ok")], now=self.now)
        return None

    def booked(self) -> list[Appointment]:
        db.session.rollback()
        query = select(Appointment).where(Appointment.status == "booked").order_by(Appointment.id)
        return list(db.session.scalars(query))

    def _expect(self, number: int, starts_at: datetime) -> None:
        """Keep that a reminder of this start, and of no earlier one, was owed, if it was not too late for one."""
        self.expected = {(row, told) for row, told in self.expected if row != number}
        if starts_at - timedelta(days=1) > self.now:
            self.expected.add((number, starts_at))

    def _some(self) -> Appointment | None:
        ahead = [row for row in self.booked() if row.starts_at > self.now]
        return self.dice.choice(ahead) if ahead else None

    def _free_start(self) -> datetime | None:
        taken = {row.starts_at for row in self.booked()}
        starts = [at(day, hour) for day in DAYS for hour in range(9, 17)]
        free = [starts_at for starts_at in starts if starts_at not in taken and starts_at > self.now]
        return self.dice.choice(free) if free else None


def _owe(session: Session, number: int, now: datetime) -> None:
    outbox.owe_reminders(session, [session.get_one(Appointment, number)], now=now)


def _move(session: Session, number: int, starts_at: datetime, now: datetime) -> None:
    row = session.get_one(Appointment, number)
    ends_at = starts_at + timedelta(minutes=30)
    row.starts_at, row.ends_at, row.busy_from, row.busy_until = starts_at, ends_at, starts_at, ends_at
    row.sequence += 1
    outbox.withdraw_messages(session, row, now=now)
    outbox.owe_reminders(session, [row], now=now)


def _cancel(session: Session, number: int, now: datetime) -> None:
    row = session.get_one(Appointment, number)
    row.status = "cancelled"
    row.sequence += 1
    outbox.withdraw_messages(session, row, now=now)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_each_start_is_told_once_and_only_while_it_is_true(
    context: Flask, seed: int
) -> None:
    world = make_world(reminder_offsets_minutes=[1440], no_reminder_within_minutes=0)
    history = History(seed, world)
    history.run()
    history.finish()
    assert set(db.session.scalars(select(Message.state))) <= {"sent", "cancelled"}
    assert max(history.told.values(), default=1) == 1
    standing = {(row.id, row.starts_at) for row in history.booked() if row.starts_at >= at(max(DAYS), 9)}
    assert standing & history.expected - history.told.keys() == set()
