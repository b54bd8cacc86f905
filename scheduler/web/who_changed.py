"""An error's sentence where somebody else was quicker: who did what to the appointment, and when."""

from datetime import datetime
from typing import Any

from flask_babel import gettext

from scheduler.errors import SchedulerError, StaleVersion
from scheduler.http_errors import say
from scheduler.web import session
from scheduler.web.formats import ago, moment
from scheduler.web.words import WORDS, word


def say_who(error: SchedulerError) -> str:
    """The error's sentence; for a stale appointment with who changed what: "Rita moved this to …, 2 minutes ago."."""
    changed: Any = error.details.get("changed")
    if not isinstance(error, StaleVersion) or not changed:
        return say(error)
    return f"{_deed(changed, error.details['current'])} {gettext('Nothing of yours was done; please look again.')}"


def _deed(changed: dict[str, str], current: Any) -> str:
    """One sentence on the last change of an appointment that is now as ``current`` says."""
    known = {"who": word(changed["by"], "actor"), "ago": ago(datetime.fromisoformat(changed["at"]))}
    if changed["action"] == "appointment_moved":
        zones = {place.id: place.zone for place in session.desk().places}
        when = moment(datetime.fromisoformat(current["starts_at"]), zones.get(current["location_id"]))
        return gettext("%(who)s moved this to %(when)s (%(ago)s).", when=when, **known)
    if changed["action"] == "appointment_cancelled":
        return gettext("%(who)s cancelled this (%(ago)s).", **known)
    if changed["action"] == "appointment_status_changed":
        status = WORDS["appointment"][current["status"]]
        return gettext("%(who)s set this to “%(status)s” (%(ago)s).", status=status, **known)
    return gettext("%(who)s changed this (%(ago)s).", **known)
