"""What of the diary is looked at: which days, in which view, of whom; remembered for each person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from babel import dates
from flask import abort, request, url_for
from flask_babel import get_locale

from scheduler import clock
from scheduler.models import Practitioner
from scheduler.usecases.diary.chosen import EVERYTHING, Chosen
from scheduler.usecases.lookup import BIGGEST_ID
from scheduler.web import formats
from scheduler.web.wall_times import day_or

VIEWS = ("day", "team", "week", "rooms", "month")
"""Day by practitioner, week by practitioner, week of one practitioner, day by room, month with the load of each day."""
WEEKS = frozenset({"team", "week"})
REMEMBERED = "diary"


@dataclass(frozen=True, slots=True)
class Range:
    """The day, the week from Monday on or the month around ``on``, and the filters."""

    view: str
    on: date
    practitioner_id: int | None = None
    """Whose week it is."""
    filters: Chosen = EVERYTHING

    @property
    def first(self) -> date:
        """The first day shown; of a month the Monday before it."""
        if self.view == "month":
            first = self.on.replace(day=1)
            return first - timedelta(days=first.weekday())
        return self.on - timedelta(days=self.on.weekday()) if self.view in WEEKS else self.on

    @property
    def last(self) -> date:
        """The last day shown; of a month the Sunday after it."""
        if self.view == "month":
            last = _month_later(self.on.replace(day=1), 1) - timedelta(days=1)
            return last + timedelta(days=6 - last.weekday())
        return self.first + timedelta(days=6 if self.view in WEEKS else 0)

    @property
    def days(self) -> list[date]:
        """Every day shown."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def earlier(self) -> date:
        """A day of the range before this one."""
        return self._moved(-1)

    @property
    def later(self) -> date:
        """A day of the range after this one."""
        return self._moved(1)

    @property
    def chosen(self) -> Chosen:
        """Of whom and of what the diary is to be loaded."""
        if self.view == "week" and self.practitioner_id is not None:
            return replace(self.filters, practitioner_ids=(self.practitioner_id,))
        return self.filters

    @property
    def title(self) -> str:
        """Monday, 2 March 2026; 2–8 Mar 2026; March 2026."""
        if self.view == "month":
            return dates.format_skeleton("yMMMM", self.on, locale=get_locale())
        if self.view in WEEKS:
            return dates.format_interval(self.first, self.last, "yMMMd", locale=get_locale())
        return formats.full_day(self.on)

    def address(self, endpoint: str, **changes: Any) -> str:
        """The address that shows this range, with some of it changed."""
        wanted = replace(self, **changes)
        return url_for(
            endpoint,
            on=wanted.on.isoformat(),
            view=wanted.view,
            practitioner_id=wanted.practitioner_id if wanted.view == "week" else None,
        )

    def _moved(self, steps: int) -> date:
        if self.view == "month":
            return _month_later(self.on.replace(day=1), steps)
        return self.on + timedelta(days=steps * (7 if self.view in WEEKS else 1))


def asked_range(remembered: Mapping[str, Any]) -> Range:
    """The range that the address asks for; 404 for a view or a practitioner that there cannot be."""
    view = request.args.get("view", "day")
    practitioner_id = request.args.get("practitioner_id", type=int)
    if view not in VIEWS or not 0 < (practitioner_id or 1) <= BIGGEST_ID:
        abort(404)
    said = day_or(request.args.get("on"), date.min)
    # Only where no day is said, what day it is at the desk has to be looked up.
    on = formats.local(clock.now()).date() if said == date.min else said
    return Range(view, on, practitioner_id if view == "week" else None, filters_of(remembered))


def whose_week(
    practitioners: Sequence[Practitioner], here: Collection[int], filters: Chosen, own: int | None
) -> int | None:
    """Whose week is shown where nobody is named: one's own, or that of the first who works here, within the filter."""
    known = [row.id for row in practitioners]
    if own in known:
        return own
    working = [number for number in known if number in here] or known
    return next(
        (number for number in working if number in filters.practitioner_ids), next(iter(working), None)
    )


def filters_of(remembered: Mapping[str, Any]) -> Chosen:
    """The filters that a person last chose."""
    stored = remembered.get(REMEMBERED, {})
    return Chosen(tuple(stored.get("practitioner_ids", ())), tuple(stored.get("type_ids", ())))


def _month_later(first: date, months: int) -> date:
    """The first day of the month so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
