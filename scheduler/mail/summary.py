"""Mails to the clinic's own people in words: who is falling behind, and a practitioner's day.

They go unencrypted: names are shortened, and nothing says what is treated.
"""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.mail import words
from scheduler.mail.voice import Voice
from scheduler.usecases.messages.letters import DayLine, DayList, Summary, SummaryLine


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a letter is written."""
    return message


SUBJECT = _("Weekly summary: %(count)d are falling behind")
SUBJECT_OF_ONE = _("Weekly summary: one is falling behind")
SUBJECT_OF_NONE = _("Weekly summary: nobody is falling behind")
GREETING = _("Hello,")
LEAD = _("This is who is falling behind today.")
LEAD_OF_NONE = _("Everybody's next dates are booked in time today.")
COUNTS = (
    (_("To be placed"), "behind"),
    (_("Of them overdue"), "overdue"),
    (_("Without any appointment ahead"), "without_next"),
)
WHERE_UP_TO = _("%(number)d of %(sessions)d")
OVERDUE = _("%(days)d days overdue")
OVERDUE_ONE = _("1 day overdue")
LEFT = _("%(days)d days left")
LEFT_ONE = _("1 day left")
LAST_DAY = _("last day today")
NO_NEXT = _("nothing booked")
MORE = _("And %(count)d more.")
OPEN_BOARD = _("See them all")
DAY_SUBJECT = _("Your appointments on %(day)s")
DAY_LEAD = _("This is your day, as of now:")
DAY_LINE = _("%(who)s, %(where)s")
OPEN_DIARY = _("Open the diary")
DAY_WHY = _("You get this mail because your record at the clinic asks for it; reception can change that.")
WHY = _(
    "You get this mail because the clinic named your address for it; it is changed in the clinic's settings."
)


class Row(NamedTuple):
    """One line of the list."""

    who: str
    what: str


class Page(NamedTuple):
    """The summary's own part of a mail."""

    subject: str
    lead: str
    rows: tuple[Row, ...]
    more: str


def summary_page(summary: Summary, voice: Voice) -> Page:
    """The words of a summary in one language."""
    gettext = voice.gettext
    if not summary.behind:
        return Page(gettext(SUBJECT_OF_NONE), gettext(LEAD_OF_NONE), (), "")
    subject = SUBJECT_OF_ONE if summary.behind == 1 else SUBJECT
    counts = tuple(Row(gettext(label), str(getattr(summary, name))) for label, name in COUNTS)
    hidden = summary.behind - len(summary.worst)
    return Page(
        subject=gettext(subject) % {"count": summary.behind},
        lead=gettext(LEAD),
        rows=(*counts, *(Row(line.who, _state(line, voice)) for line in summary.worst)),
        more=gettext(MORE) % {"count": hidden} if hidden else "",
    )


def day_page(day: DayList, voice: Voice) -> Page:
    """The words of a practitioner's day in one language; times by the clock of each location."""
    gettext = voice.gettext
    return Page(
        subject=gettext(DAY_SUBJECT) % {"day": words.day_without_year(day.on, voice.locale)},
        lead=gettext(DAY_LEAD),
        rows=tuple(
            Row(_times(line, voice), gettext(DAY_LINE) % {"who": line.who, "where": line.where})
            for line in day.lines
        ),
        more="",
    )


def _times(line: DayLine, voice: Voice) -> str:
    zone = ZoneInfo(line.zone)
    starts, ends = line.starts_at.astimezone(zone), line.ends_at.astimezone(zone)
    return f"{words.clock_time(starts.time(), voice.locale)}–{words.clock_time(ends.time(), voice.locale)}"


def _state(line: SummaryLine, voice: Voice) -> str:
    gettext = voice.gettext
    parts = [
        gettext(WHERE_UP_TO) % {"number": line.number, "sessions": line.sessions},
        gettext(_days_wording(line.days_left)) % {"days": abs(line.days_left)},
    ]
    if not line.has_next:
        parts.append(gettext(NO_NEXT))
    return ", ".join(parts)


def _days_wording(days_left: int) -> str:
    match days_left:
        case 0:
            return LAST_DAY
        case 1:
            return LEFT_ONE
        case -1:
            return OVERDUE_ONE
        case _:
            return OVERDUE if days_left < 0 else LEFT
