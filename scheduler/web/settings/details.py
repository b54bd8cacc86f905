"""The clinic's own details."""

import re

from flask import request
from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.models import Clinic
from scheduler.planning.hours import GRIDS
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.clinic.settings import ClinicDetails, change_clinic, details_stamp
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
    text,
    to,
)


@pages.get("/details")
@guard("clinic.read")
def details() -> str:
    """The details as a form; read only for those who may not change them."""
    clinic = get_clinic()
    return show("details.html", "details", values=_known(clinic), seen=details_stamp(clinic), grids=GRIDS)


@pages.post("/details")
@guard("clinic.write")
def change_details() -> Response | tuple[str, int]:
    """Keep what was entered."""
    try:
        change_clinic(_entered(), seen=seen(), **by())
    except SchedulerError as error:
        clinic = get_clinic()
        return show_again(
            error,
            "details.html",
            "details",
            known=_known(clinic),
            seen=details_stamp(clinic),
            grids=GRIDS,
        )
    return lead_on(gettext("The changes are kept."), to("details"))


def _entered() -> ClinicDetails:
    return ClinicDetails(
        name=text("name"),
        email=text("email"),
        phone=text("phone"),
        locale=text("locale"),
        slot_minutes=number("slot_minutes"),
        hold_minutes=number("hold_minutes"),
        min_rest_hours=number("min_rest_hours"),
        offer_minutes=number("offer_minutes"),
        summary_recipients=tuple(
            filter(None, re.split(r"[\s,;]+", request.form.get("summary_recipients", "")))
        ),
        summary_weekday=number("summary_weekday"),
        summary_minute=minute_of_day("summary_at"),
        cancel_notice_hours=number("cancel_notice_hours"),
        rebooking=text("rebooking"),
        asks_check_in="asks_check_in" in request.form,
    )


def _known(clinic: Clinic) -> dict[str, object]:
    names = ("name", "email", "phone", "locale", "slot_minutes", "hold_minutes", "min_rest_hours")
    names += ("offer_minutes", "summary_weekday", "cancel_notice_hours", "rebooking", "asks_check_in")
    return {name: getattr(clinic, name) for name in names} | {
        "summary_recipients": "\n".join(clinic.summary_recipients),
        "summary_at": clock_text(clinic.summary_minute),
    }
