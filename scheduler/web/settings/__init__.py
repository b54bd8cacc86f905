"""The clinic's own screens below /clinic: everything that is set up, one module per noun."""

from scheduler.web.settings import (
    api_keys,
    appointment_types,
    credentials,
    details,
    holidays,
    hours,
    locations,
    mail_texts,
    overview,
    practitioners,
    protocols,
    reminders,
    staff,
)
from scheduler.web.settings.frame import pages

__all__ = [
    "api_keys",
    "appointment_types",
    "credentials",
    "details",
    "holidays",
    "hours",
    "locations",
    "mail_texts",
    "overview",
    "pages",
    "practitioners",
    "protocols",
    "reminders",
    "staff",
]
