"""What every page shows around its own content: navigation, location, person, theme."""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from scheduler.access import guard, may
from scheduler.usecases.staff.settings import settings_of
from scheduler.usecases.tasks import count_open_tasks
from scheduler.web import session
from scheduler.web.formats import city

pages = Blueprint("start", __name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One way through the navigation; ``blueprint`` owns the pages below it."""

    blueprint: str
    endpoint: str
    label: LazyString
    icon: str
    permission: str
    daily: bool = False
    """Needed many times a day: always in sight, also on a phone."""


NAVIGATION = (
    Entry("diary", "diary.show", _l("Diary"), "diary", "diary.read", daily=True),
    Entry("patients", "patients.search", _l("Patients"), "patients", "patients.read", daily=True),
    Entry("plans", "plans.index", _l("Plans"), "plans", "diary.read", daily=True),
    Entry("gaps", "gaps.index", _l("Gaps"), "gap", "patients.read", daily=True),
    Entry("tasks", "tasks.index", _l("Tasks"), "task", "messages.read"),
    Entry("board", "board.show", _l("Behind"), "clock", "patients.read"),
    Entry("calendars", "calendars.index", _l("Calendars"), "link", "feeds.write"),
    Entry("messages", "messages.index", _l("Messages"), "messages", "messages.read"),
    Entry("absences", "absences.index", _l("Absences"), "away", "diary.read"),
    Entry("capacity", "capacity.show", _l("Capacity"), "chart", "diary.read"),
    Entry("reports", "reports.show", _l("Reports"), "report", "reports.read"),
    Entry("settings", "settings.overview", _l("Clinic"), "clinic", "clinic.read"),
    Entry("transfer", "transfer.index", _l("Import & export"), "transfer", "data.transfer"),
    Entry("dev_inbox", "dev_inbox.index", _l("Mailbox"), "inbox", "account"),
)


def register(app: Flask) -> None:
    """Give every template what the layout needs."""
    app.context_processor(lambda: {"layout": Layout(), "may": may})


class Layout:
    """Computed only when a template asks: an error page of a feed asks for nothing."""

    @property
    def desk(self) -> session.Desk:
        """The clinic and the location that is looked at."""
        return session.desk()

    @property
    def city(self) -> str:
        """The place that the location's clock follows, for example Berlin."""
        return city(self.desk.here.zone)

    @property
    def person(self) -> session.SignedIn | None:
        """Who is signed in."""
        known: session.SignedIn | None = g.get("signed_in")
        return known

    @property
    def navigation(self) -> list[Entry]:
        """What this person may open."""
        return [entry for entry in NAVIGATION if _exists(entry) and may(entry.permission)]

    @property
    def ways(self) -> tuple[list[Entry], list[Entry]]:
        """What is needed many times a day, and the rest."""
        known = self.navigation
        return [entry for entry in known if entry.daily], [entry for entry in known if not entry.daily]

    @property
    def open_tasks(self) -> int | None:
        """What waits for somebody at the desk; None for who does not see tasks."""
        if "open_tasks" not in g:
            g.open_tasks = count_open_tasks() if self.person and may("messages.read") else None
        counted: int | None = g.open_tasks
        return counted

    @property
    def keys(self) -> str:
        """on, or off for those who have switched single keys off."""
        if "keys" not in g:
            person = self.person
            g.keys = str(settings_of(person.staff_id).get("keys", "on")) if person else "off"
        chosen: str = g.keys
        return chosen

    @property
    def theme(self) -> str:
        """auto, light or dark."""
        return session.theme()

    @property
    def language(self) -> str:
        """For ``<html lang>``."""
        return str(get_locale()).replace("_", "-")

    @property
    def this_page(self) -> str:
        """Where a choice made in the layout leads back to."""
        return request.full_path.removesuffix("?") if request.method == "GET" else "/"

    def is_open(self, entry: Entry) -> bool:
        """Whether the page shown lies below this entry."""
        return request.blueprint == entry.blueprint


def _exists(entry: Entry) -> bool:
    """The mailbox is there in development only."""
    return entry.endpoint in current_app.view_functions


@pages.get("/")
@guard("diary.read")
def home() -> Response:
    """The first page that this person may open."""
    return redirect(url_for(Layout().navigation[0].endpoint))
