"""Displaced appointments in words: what a proposed slot changes for the patient, and why there is none."""

from collections.abc import Mapping

from scheduler.i18n import Gettext
from scheduler.wording.planning import REASONS


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


COMPROMISES: Mapping[str, str] = {
    "other_practitioner": _("another practitioner"),
    "other_location": _("another location"),
    "other_weekday": _("another weekday"),
    "other_time": _("another time of day"),
    "outside_window": _("outside its window"),
}
NO_SLOT: Mapping[str, str] = {
    **REASONS,
    "patient_busy": _("The patient has other appointments at every free time in its window."),
    "not_accepted": _("Nobody to whom the patient would go can be booked."),
    "needed_by_others": _("The free times in its window are needed by more urgent patients."),
}


def compromise_word(code: str, gettext: Gettext) -> str:
    """What is different from what the patient is used to, without a full stop."""
    return gettext(COMPROMISES[code])


def no_slot_sentence(code: str, gettext: Gettext) -> str:
    """Why a displaced appointment has no proposal."""
    return gettext(NO_SLOT[code])
