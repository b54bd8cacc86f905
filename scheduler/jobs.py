"""The recurring jobs: which use case runs how often. APScheduler is only the clock: it ticks in UTC and keeps nothing.

Any number of processes may run the clock: every job looks for due rows and claims them in the database.
"""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from config import Settings
from scheduler import clock
from scheduler.calendars.fetch import Fetcher
from scheduler.errors import NotFound
from scheduler.extensions import db
from scheduler.mail.dispatcher import Mailer, dispatch_messages
from scheduler.mail.returns import in_imap, in_maildir, read_returns
from scheduler.mail.site import Site
from scheduler.usecases.actors import CLOCK
from scheduler.usecases.gaps.waitlist import close_over_entries
from scheduler.usecases.housekeeping import finish_job, start_job, tidy_up
from scheduler.usecases.imports.waiting import open_room
from scheduler.usecases.messages.check_in_mails import check_ins_due, owe_check_ins
from scheduler.usecases.messages.reminder_policy import follow_policy, policy_is_new
from scheduler.usecases.messages.summaries import owe_summaries, summaries_due
from scheduler.usecases.offers.expiry import expire_offers
from scheduler.usecases.practitioners.busy_calendars import refresh_busy_calendars

log = logging.getLogger(__name__)
Stop = Callable[[], bool]
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # else it warns at every tick that a long run skips


@dataclass(frozen=True, slots=True)
class Job:
    """What is done again and again; ``work`` gets the settings and a question whether to stop, and says what it did."""

    every: timedelta
    work: Callable[[Settings, Stop], str]


def _dispatch(settings: Settings, stop: Stop) -> str:
    site = Site(settings.base_url, settings.secret_key)
    mailer = Mailer(settings.smtp, settings.mail_from, site) if settings.smtp else None
    return str(dispatch_messages(mailer, clock=clock.now, stop=stop))


def _tidy(settings: Settings, _stop: Stop) -> str:
    now = clock.now()
    open_room(settings.secret_key, settings.database_url).sweep(now)
    return f"{tidy_up(now=now)} rows deleted, {close_over_entries(now=now)} waitlist entries over"


def _pass_offers_on(settings: Settings, _stop: Stop) -> str:
    return f"{expire_offers(now=clock.now(), link_key=settings.secret_key)} offers passed on"


def _owe_summaries(_settings: Settings, _stop: Stop) -> str:
    now = clock.now()
    return f"{owe_summaries(now=now) if summaries_due(now=now) else 0} mails owed"


def _follow_policy(_settings: Settings, stop: Stop) -> str:
    followed = 0
    while policy_is_new() and not stop():
        followed += follow_policy(actor=CLOCK, now=clock.now())
    return f"reminders of {followed} appointments brought up to date"


def _owe_check_ins(_settings: Settings, _stop: Stop) -> str:
    now = clock.now()
    return f"{owe_check_ins(now=now) if check_ins_due(now=now) else 0} mails owed"


def _read_returns(settings: Settings, stop: Stop) -> str:
    domain = settings.mail_from.rpartition("@")[2]
    if settings.bounce_maildir:
        mails = in_maildir(settings.bounce_maildir)
        return str(read_returns(mails, domain, clock=clock.now, stop=stop))
    if settings.bounce_imap:
        with in_imap(settings.bounce_imap) as unseen:
            return str(read_returns(unseen, domain, clock=clock.now, stop=stop))
    return "no mailbox is set"


def _read_private_calendars(_settings: Settings, stop: Stop) -> str:
    read, failed = refresh_busy_calendars(Fetcher(), clock=clock.now, stop=stop)
    return f"{read} private calendars read, {failed} not"


JOBS: Mapping[str, Job] = {
    "dispatch": Job(timedelta(seconds=5), _dispatch),
    "offers": Job(timedelta(seconds=5), _pass_offers_on),
    "reminders": Job(timedelta(minutes=1), _follow_policy),
    "check_ins": Job(timedelta(minutes=10), _owe_check_ins),
    "returns": Job(timedelta(minutes=1), _read_returns),
    "private_calendars": Job(timedelta(minutes=1), _read_private_calendars),
    "summaries": Job(timedelta(minutes=10), _owe_summaries),
    "tidy": Job(timedelta(hours=1), _tidy),
}


def run_job(app: Flask, name: str, *, stop: Stop = lambda: False) -> str:
    """Run one job now and keep when and how it ended; what it did in a few words.

    Raises NotFound for an unknown name, and whatever the job raises (that is kept, too).
    """
    if name not in JOBS:
        raise NotFound(
            "There is no job called %(name)s; there are: %(known)s.", name=name, known=", ".join(JOBS)
        )
    with app.app_context():
        try:
            start_job(name, now=clock.now())
            did = JOBS[name].work(app.config["SETTINGS"], stop)
        except Exception as error:
            db.session.rollback()
            finish_job(name, error=type(error).__name__, now=clock.now())
            raise
        finish_job(name, error="", now=clock.now())
        return did


class Clock:
    """Runs every job at its interval in threads of this process until it is stopped."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._ticker = BackgroundScheduler(
            timezone=UTC,
            # However late a tick is noticed (a laptop slept), the job still runs, once.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin; every job runs at once and then at its interval."""
        for name, job in JOBS.items():
            self._ticker.add_job(
                self._tick,
                "interval",
                args=[name],
                id=name,
                seconds=job.every.total_seconds(),
                next_run_time=clock.now(),
            )
        self._ticker.start()

    def stop(self) -> None:
        """End after the mail at hand; waits for jobs that run. Harmless when repeated."""
        self._stopping.set()
        if self._ticker.running:
            self._ticker.shutdown(wait=True)

    def _tick(self, name: str) -> None:
        try:
            run_job(self._app, name, stop=self._stopping.is_set)
        except Exception as error:
            log.exception("the job %s failed: %s", name, type(error).__name__)


def start_clock(app: Flask) -> Clock:
    """Run the jobs beside whatever else this process does; they end with it, after the mail at hand."""
    ticking = Clock(app)
    ticking.start()
    # Not atexit: that comes after the interpreter has waited for the jobs' threads, which would never be told.
    threading._register_atexit(ticking.stop)  # type: ignore[attr-defined]
    return ticking


def run_clock(app: Flask) -> None:
    """Run the jobs until SIGINT or SIGTERM; then finish the mail at hand."""
    over = threading.Event()

    def end(_number: int, _frame: Any) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    ticking = start_clock(app)
    over.wait()
    ticking.stop()
