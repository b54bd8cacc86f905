"""What the patient's page says: what was done, why something was not, and when appointments are."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import dates
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l

from scheduler import clock
from scheduler.errors import SchedulerError
from scheduler.http_errors import say
from scheduler.mail.words import day_without_year, zone_name
from scheduler.usecases.patient_side.page import OwnPage
from scheduler.web.formats import DEFAULT, full_day, local

DONE = {
    "confirmed": _l("Thank you. We look forward to seeing you."),
    "cancelled": _l("Your appointment is cancelled."),
    "moved": _l("Your appointment is moved."),
    "asked": _l(
        "Thank you. We look at your wish and get back to you; until then your appointment stays as it is."
    ),
    "accepted": _l("The time is yours."),
    "declined": _l("Thank you for telling us. Nothing of yours changes."),
    "kept": _l("Your choices are saved."),
    "checked_in": _l("Thank you, that helps us to treat you well."),
}
"""What a page says after something was done."""
TOLD_BY_MAIL = ("cancelled", "moved")
"""Of them, what is always told by mail, too."""
TAKEN = _l("Somebody else has that time by now. Please choose another one.")
CALL = _l("This is not possible here. Please call the clinic.")
INSTEAD = {
    "slot_taken": TAKEN,
    "no_room_free": TAKEN,
    "stale_version": _l("Your appointment has changed in the meantime. Please look again."),
    "needs_override": CALL,
    "illegal_transition": CALL,
}
"""error code -> what a patient reads instead of the sentence for the desk."""
SOON_DAYS = 13
"""So far ahead it is said how many days are left."""


def what_was_done(deed: str, page: OwnPage) -> str:
    """The sentence for what was just done; "" for nothing."""
    if deed not in DONE:
        return ""
    told = deed in TOLD_BY_MAIL and page.has_address
    return f"{DONE[deed]} {gettext('A mail confirms it.')}" if told else str(DONE[deed])


def plainly(error: SchedulerError) -> str:
    """Why not, without the desk's words."""
    return str(INSTEAD.get(error.code, "")) or say(error)


def zone_word(zone: str, instant: datetime) -> str:
    """Central European Summer Time"""
    wall = instant.astimezone(ZoneInfo(zone))
    return zone_name(ZoneInfo(zone), bool(wall.dst()), get_locale() or DEFAULT)


def soon(instant: datetime, zone: str) -> str:
    """Today, tomorrow, in 3 days, by the clock of the place; "" for what is further away or over."""
    days = (local(instant, zone).date() - local(clock.now(), zone).date()).days
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days) if 1 < days <= SOON_DAYS else ""


def this_years_day(instant: datetime, zone: str) -> str:
    """Tuesday, 3 March; with the year where it is another one than now"""
    on, locale = local(instant, zone).date(), get_locale() or DEFAULT
    is_this_year = on.year == local(clock.now(), zone).year
    return day_without_year(on, locale) if is_this_year else full_day(on)


def leaf(instant: datetime, zone: str) -> tuple[str, str]:
    """Month and day as on the leaf of a calendar: Mar, 3"""
    on = local(instant, zone).date()
    return dates.format_date(on, "LLL", locale=get_locale() or DEFAULT).rstrip("."), str(on.day)
