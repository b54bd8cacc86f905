"""The audit trail in plain words: what each deed was, as a sentence for the desk."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from scheduler.models import AuditEntry
from scheduler.web.formats import moment
from scheduler.web.words import word

Detail = Mapping[str, Any]

PLAIN: dict[str, LazyString] = {
    "patient_registered": _l("Registered the patient"),
    "patient_viewed": _l("Looked at the record"),
    "mail_previewed": _l("Looked at a mail with the patient's dates"),
    "patient_archived": _l("Archived the patient"),
    "patient_restored": _l("Took the patient back from the archive"),
    "plan_reopened": _l("The plan goes on again"),
    "plan_resumed": _l("Let the plan go on"),
    "plan_amended": _l("Wrote the plan anew"),
    "plan_repaired": _l("Repaired the plan"),
    "hold_released": _l("Let the held slots go"),
    "feed_token_revoked": _l("Revoked a calendar address"),
    "outcome_recorded": _l("Recorded how the patient is"),
    "questionnaire_set": _l("Changed what is asked once a month"),
    "patient_link_shown": _l("Showed the address of the patient's page"),
    "patient_link_revoked": _l("Revoked the address of the patient's page"),
    "consent_withdrawn": _l("Recorded that a consent was withdrawn"),
}
"""action -> sentence, where the details add nothing."""

FIELDS: dict[str, LazyString] = {
    "given_name": _l("given name"),
    "family_name": _l("family name"),
    "email": _l("email"),
    "phone": _l("phone"),
    "born_on": _l("birth date"),
    "locale": _l("language of mails"),
    "zone": _l("time zone"),
    "notes": _l("notes"),
    "cautions": _l("cautions"),
    "wants_reminders": _l("reminders"),
    "wants_invitations": _l("invitations"),
    "muted_kinds": _l("mails"),
    "reminder_offsets_minutes": _l("times of reminders"),
    "attention": _l("what is not to be overlooked"),
    "reference": _l("number in another system"),
}
"""What a patient's details are called in a sentence."""


def deed_sentence(entry: AuditEntry) -> str:
    """What was done; a deed that is not known here is told by its name."""
    if entry.action in TOLD:
        return TOLD[entry.action](entry.detail)
    if entry.action in PLAIN:
        return str(PLAIN[entry.action])
    return entry.action.replace("_", " ").capitalize()


def _booked(detail: Detail) -> str:
    at = _moment(detail.get("starts_at"))
    said = gettext("Booked %(when)s", when=at) if at else gettext("Booked an appointment")
    return said + (" " + gettext("(a rule was set aside)") if detail.get("rules") else "")


def _moved(detail: Detail) -> str:
    before, after = detail.get("before") or {}, detail.get("after") or {}
    old, new = _moment(before.get("starts_at")), _moment(after.get("starts_at"))
    if old and new and old != new:
        return gettext("Moved from %(old)s to %(new)s", old=old, new=new)
    return gettext("Changed who treats or where")


def _cancelled(detail: Detail) -> str:
    return _with_reason(gettext("Cancelled an appointment"), detail)


def _status(detail: Detail) -> str:
    return gettext(
        "Appointment: %(before)s → %(after)s",
        before=word(detail.get("before"), "appointment"),
        after=word(detail.get("after"), "appointment"),
    )


def _changed(detail: Detail) -> str:
    names = ", ".join(str(FIELDS.get(name, name)) for name in detail.get("fields", []))
    return gettext("Changed: %(names)s", names=names) if names else gettext("Saved the details unchanged")


def _prescribed(detail: Detail) -> str:
    return gettext("Prescribed a plan of %(count)s sessions", count=detail.get("sessions", "?"))


def _placed(detail: Detail) -> str:
    return gettext("Placed sessions %(numbers)s", numbers=", ".join(detail.get("sessions") or {}))


def _session(detail: Detail) -> str:
    said = gettext(
        "Session %(number)s: %(before)s → %(after)s",
        number=detail.get("number"),
        before=word(detail.get("before"), "session"),
        after=word(detail.get("after"), "session"),
    )
    return _with_reason(said, detail)


def _held(detail: Detail) -> str:
    numbers = ", ".join(map(str, detail.get("sessions") or []))
    return gettext("Held slots for sessions %(numbers)s", numbers=numbers)


def _issued(detail: Detail) -> str:
    name = detail.get("name")
    if name:
        return gettext("Issued a calendar address (%(name)s)", name=name)
    return gettext("Issued a calendar address")


def _consent(detail: Detail) -> str:
    return gettext("Recorded a consent: %(kind)s", kind=word(detail.get("kind"), "consent"))


def _mailed(detail: Detail) -> str:
    return gettext("Mailed the list of %(count)s appointments", count=detail.get("appointments"))


def _plan(said: LazyString) -> Callable[[Detail], str]:
    return lambda detail: _with_reason(str(said), detail)


TOLD: dict[str, Callable[[Detail], str]] = {
    "appointment_booked": _booked,
    "appointment_moved": _moved,
    "appointment_cancelled": _cancelled,
    "appointment_status_changed": _status,
    "patient_changed": _changed,
    "plan_prescribed": _prescribed,
    "plan_placed": _placed,
    "plan_extended": _plan(_l("Extended the plan")),
    "plan_changed": _plan(_l("Changed the course of the plan")),
    "plan_paused": _plan(_l("Paused the plan")),
    "plan_completed": _plan(_l("Completed the plan")),
    "plan_discontinued": _plan(_l("Discontinued the plan")),
    "session_changed": _session,
    "slots_held": _held,
    "feed_token_issued": _issued,
    "consent_recorded": _consent,
    "appointments_mailed": _mailed,
}
"""action -> its sentence from the details."""


def _with_reason(said: str, detail: Detail) -> str:
    reason = detail.get("reason")
    return f"{said}: {word(reason, 'reason')}" if reason else said


def _moment(text: object) -> str:
    """An instant of the trail as it is written here; "" for what is none."""
    try:
        return moment(datetime.fromisoformat(str(text)))
    except ValueError:
        return ""
