"""What files hold, and what becomes of their rows, in words."""

from flask_babel import lazy_gettext as _l

KIND_WORDS = {
    "patients": _l("Patients"),
    "appointments": _l("Appointments"),
    "diary": _l("A practitioner's diary"),
}
FIELD_WORDS = {
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "name": _l("Whole name"),
    "email": _l("Email"),
    "phone": _l("Phone"),
    "born_on": _l("Birth date"),
    "locale": _l("Language of mails"),
    "wants_reminders": _l("Wants reminders"),
    "notes": _l("Notes for the desk"),
    "attention": _l("Not to be overlooked"),
    "cautions": _l("Cautions"),
    "reference": _l("Patient's number in the other program"),
    "uid": _l("Identity of the appointment"),
    "practitioner": _l("Practitioner"),
    "type": _l("Appointment type"),
    "starts": _l("Beginning (date, or date and time)"),
    "start_time": _l("Time of day"),
    "ends": _l("End"),
    "minutes": _l("Length in minutes"),
    "location": _l("Location"),
    "room": _l("Room"),
    "status": _l("Status"),
}
DATE_WORDS = {
    "Y-m-d": "1980-12-31",
    "Y/m/d": "1980/12/31",
    "Ymd": "19801231",
    "d.m.Y": "31.12.1980",
    "d/m/Y": _l("31/12/1980, the day first"),
    "m/d/Y": _l("12/31/1980, the month first"),
    "d-m-Y": _l("31-12-1980, the day first"),
    "m-d-Y": _l("12-31-1980, the month first"),
    "d M Y": "31 Dec 1980",
    "d.m.y": "31.12.80",
    "d/m/y": _l("31/12/80, the day first"),
    "m/d/y": _l("12/31/80, the month first"),
}
OUTCOME_WORDS = {
    "new": _l("New"),
    "updated": _l("Known, updated"),
    "unchanged": _l("Known, unchanged"),
    "left_out": _l("With problems"),
}
