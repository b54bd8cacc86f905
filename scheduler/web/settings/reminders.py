"""The reminder policy, with the mail as it would go out and when."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, request
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.clinic.settings import (
    MOST_REMINDERS,
    ReminderWishes,
    change_reminders,
    reminders_stamp,
    wishes_of,
)
from scheduler.usecases.messages.samples import Sample, sample_reminder
from scheduler.web.settings.frame import (
    by,
    clock_text,
    lead_on,
    minute_of_day,
    number,
    pages,
    seen,
    show,
    show_again,
    to,
)

UNITS = {"days": DAY_MINUTES, "hours": 60, "minutes": 1}
INSIDE_FRAME = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""For the HTML part of a mail: nothing runs, nothing is loaded; mails style themselves inline."""


@pages.get("/reminders")
@guard("clinic.read")
def reminders() -> str:
    """The policy, and a reminder as it would be sent."""
    clinic = get_clinic()
    wishes = wishes_of(clinic)
    return show(
        "reminders.html", "reminders", **_form(wishes), seen=reminders_stamp(clinic), **_preview(wishes)
    )


@pages.post("/reminders")
@guard("clinic.write")
def reminders_change() -> Response | str | tuple[str, int]:
    """Keep the policy that was entered, or only show what would go out when."""
    clinic = get_clinic()
    seen_now = reminders_stamp(clinic)
    try:
        wishes = _entered()
        if request.form.get("do") == "preview":
            return show(
                "reminders.html", "reminders", **_form(wishes), seen=seen(), **_preview(wishes), tried=True
            )
        change_reminders(wishes, seen=seen(), **by())
    except SchedulerError as error:
        known = _form(wishes_of(clinic))["values"]
        return show_again(
            error,
            "reminders.html",
            "reminders",
            known=known,
            rows=_sent_rows(),
            seen=seen_now,
            **_preview(wishes_of(clinic)),
        )
    return lead_on(
        gettext("The changes are kept. Reminders that wait already follow within a minute."), to("reminders")
    )


@pages.get("/reminders/mail")
@guard("clinic.read")
def reminder_mail() -> FlaskResponse:
    """The HTML part of the sample, for the frame."""
    mail = _mail(sample_reminder(wishes_of(get_clinic()), gettext("Anna"), now=clock.now()))
    part = mail.get_body(("html",))
    response = FlaskResponse(str(part.get_content()) if part else "", content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = INSIDE_FRAME
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _entered() -> ReminderWishes:
    offsets = []
    for row in _sent_rows():
        if row["count"].strip():
            if not row["count"].strip().isdecimal() or len(row["count"]) > 6 or row["unit"] not in UNITS:
                raise InvalidInput("Please enter a whole number.", field="offsets")
            offsets.append(int(row["count"]) * UNITS[row["unit"]])
    return ReminderWishes(
        offsets_minutes=tuple(offsets),
        quiet_from_minute=minute_of_day("quiet_from"),
        quiet_until_minute=minute_of_day("quiet_until"),
        not_within_minutes=number("not_within_minutes", 0),
    )


def _sent_rows() -> list[dict[str, str]]:
    counts, units = request.form.getlist("count"), request.form.getlist("unit")
    return [{"count": count, "unit": unit} for count, unit in zip(counts, units, strict=False)][
        :MOST_REMINDERS
    ]


def _form(wishes: ReminderWishes) -> dict[str, Any]:
    rows = []
    for offset in wishes.offsets_minutes:
        unit = next(name for name, minutes in UNITS.items() if offset % minutes == 0)
        # Half a dozen hours are read more easily than a quarter of a day; a day is always said in days.
        rows.append({"count": str(offset // UNITS[unit]), "unit": unit})
    rows += [{"count": "", "unit": "hours"}] * (MOST_REMINDERS - len(rows))
    values = {
        "quiet_from": clock_text(wishes.quiet_from_minute),
        "quiet_until": clock_text(wishes.quiet_until_minute),
        "not_within_minutes": wishes.not_within_minutes,
    }
    return {"rows": rows, "values": values}


def _preview(wishes: ReminderWishes) -> dict[str, Any]:
    """The sample as a mail, and when each reminder of it would go out."""
    sample = sample_reminder(wishes, gettext("Anna"), now=clock.now())
    mail = _mail(sample)
    part = mail.get_body(("plain",))
    return {"sample": sample, "mail": mail, "mail_text": str(part.get_content()) if part else ""}


def _mail(sample: Sample) -> EmailMessage:
    settings = current_app.config["SETTINGS"]
    site = Site(settings.base_url, settings.secret_key)
    raw = render_letter(sample.letter, settings.mail_from, site, now=clock.now())
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what policy.default makes
    return message
