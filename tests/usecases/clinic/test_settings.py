"""The clinic's details and reminder policy, and the sample of a reminder."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import InvalidInput, StaleVersion
from scheduler.models import Clinic
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.clinic.settings import (
    ClinicDetails,
    ReminderWishes,
    change_clinic,
    change_reminders,
    details_stamp,
    reminders_stamp,
    wishes_of,
)
from tests.factories import NOW, make_world

BY = {"actor": COMMAND, "now": NOW}
DETAILS = ClinicDetails("Nadelpunkt", "desk@nadel.example", "030 1", "de", 20, 15, 72)
POLICY = ReminderWishes((120, 2880, 2880), 22 * 60, 7 * 60, 60)


@pytest.fixture
def clinic(context: Flask) -> Clinic:
    make_world()
    return get_clinic()


def test_details_are_kept(clinic: Clinic) -> None:
    change_clinic(replace(DETAILS, summary_recipients=("a@b.example",)), seen=details_stamp(clinic), **BY)
    row = get_clinic()
    assert (row.name, row.locale, row.slot_minutes, row.hold_minutes, row.min_rest_hours) == (
        "Nadelpunkt",
        "de",
        20,
        15,
        72,
    )
    assert row.summary_recipients == ["a@b.example"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("email", {"email": "desk"}),
        ("phone", {"phone": ""}),
        ("locale", {"locale": "xx"}),
        ("slot_minutes", {"slot_minutes": 7}),
        ("hold_minutes", {"hold_minutes": 0}),
        ("min_rest_hours", {"min_rest_hours": 337}),
        ("offer_minutes", {"offer_minutes": 4}),
        ("cancel_notice_hours", {"cancel_notice_hours": 337}),
        ("rebooking", {"rebooking": "never"}),
        ("summary_recipients", {"summary_recipients": ("nobody",)}),
        ("summary_recipients", {"summary_recipients": ("a@b.example",) * 11}),
        ("summary_weekday", {"summary_weekday": 7}),
    ],
)
def test_nonsense_is_refused_beside_its_field(clinic: Clinic, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        change_clinic(replace(DETAILS, **changes), seen=details_stamp(clinic), **BY)
    assert caught.value.details["field"] == field


def test_details_and_policy_do_not_make_each_other_stale(clinic: Clinic) -> None:
    details, policy = details_stamp(clinic), reminders_stamp(clinic)
    change_clinic(DETAILS, seen=details, **BY)
    change_reminders(POLICY, seen=policy, **BY)
    with pytest.raises(StaleVersion):
        change_clinic(DETAILS, seen=details, **BY)
    with pytest.raises(StaleVersion):
        change_reminders(POLICY, seen=policy, **BY)


def test_the_policy_is_kept_longest_offset_first(clinic: Clinic) -> None:
    change_reminders(POLICY, seen=reminders_stamp(clinic), **BY)
    assert wishes_of(get_clinic()) == replace(POLICY, offsets_minutes=(2880, 120))


def test_no_reminders_is_a_policy(clinic: Clinic) -> None:
    change_reminders(replace(POLICY, offsets_minutes=()), seen=reminders_stamp(clinic), **BY)
    assert get_clinic().reminder_offsets_minutes == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("offsets", {"offsets_minutes": (3,)}),
        ("offsets", {"offsets_minutes": (31 * 1440,)}),
        ("offsets", {"offsets_minutes": (60, 120, 180, 240, 300)}),
        ("quiet_from_minute", {"quiet_from_minute": 1262}),
        ("quiet_until_minute", {"quiet_from_minute": 8 * 60, "quiet_until_minute": 7 * 60}),
        ("not_within_minutes", {"not_within_minutes": 10_081}),
    ],
)
def test_policies_that_make_no_sense_are_refused(clinic: Clinic, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        change_reminders(replace(POLICY, **changes), seen=reminders_stamp(clinic), **BY)
    assert caught.value.details["field"] == field
