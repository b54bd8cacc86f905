"""What the templates of mails are filled with: appointments as cards, sentences, a link."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.mail import summary, words
from scheduler.mail.own_sentences import own_sentences, who_and_where
from scheduler.mail.site import Site
from scheduler.mail.voice import Voice
from scheduler.models.messages import MessageKind
from scheduler.usecases.messages.letters import DayList, Letter, Offered, Sender, Summary, Visit

K = MessageKind
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NO_DIGIT = re.compile(r"[^\d+]")
STRUCK_OUT = (K.CANCELLATION.value, K.OFFER_EXPIRED.value)
Fields = dict[str, object]


class Card(NamedTuple):
    """One appointment in the words of the reader."""

    day: str
    time: str
    zone: str
    """The zone's name where it is needed, else ""."""
    who: str
    place: tuple[str, ...]
    note: str = ""
    """In a list of changes: what is new about it."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written below day and time."""
        return tuple(filter(None, (self.note, self.who, *self.place)))


class Link(NamedTuple):
    """The one thing to click."""

    label: str
    url: str


def letter_fields(letter: Letter, voice: Voice, site: Site) -> Fields:
    """Everything that the templates of text and HTML use."""
    sender = sender_in_one_line(letter.sender)
    return {
        "greeting": voice.gettext(words.GREETING) % {"name": one_line(letter.given_name)},
        "before": "",
        "after": (),
        "link": None,
        "rows": (),
        "more": "",
        "cards": [],
        "shared": (),
        "gone": letter.kind in STRUCK_OUT,
        "sender": sender,
        "phone_link": _NO_DIGIT.sub("", sender.phone),
        "language": voice.language,
        "direction": voice.direction,
        **_own_fields(letter, voice, site),
    }


def _own_fields(letter: Letter, voice: Voice, site: Site) -> Mapping[str, object]:
    if letter.summary is not None:
        return _of_summary(letter, letter.summary, voice, site)
    if letter.day is not None:
        return _of_day(letter, letter.day, voice, site)
    if letter.offered is not None:
        return _of_offer(letter, letter.offered, voice, site)
    return _of_visits(letter, voice, site)


def _of_summary(letter: Letter, facts: Summary, voice: Voice, site: Site) -> Fields:
    # Of nobody, no number can be told: then the shipped words stay.
    own = own_sentences(letter, letter.kind, voice, count=facts.behind) if facts.behind else {}
    return {
        **_of_page(summary.summary_page(facts, voice)),
        "greeting": voice.gettext(summary.GREETING),
        "link": Link(voice.gettext(summary.OPEN_BOARD), site.behind),
        "ask": voice.gettext(summary.WHY),
        **own,
    }


def _of_day(letter: Letter, day: DayList, voice: Voice, site: Site) -> Fields:
    when = words.day_without_year(day.on, voice.locale)
    return {
        **_of_page(summary.day_page(day, voice)),
        "link": Link(voice.gettext(summary.OPEN_DIARY), site.diary(day.on)),
        "ask": voice.gettext(summary.DAY_WHY),
        **own_sentences(letter, letter.kind, voice, count=len(day.lines), when=when),
    }


def _of_page(page: summary.Page) -> Fields:
    rows = [summary.Row(one_line(row.who), one_line(row.what)) for row in page.rows]
    return {"subject": page.subject, "lead": page.lead, "rows": rows, "more": page.more}


def _of_offer(letter: Letter, slot: Offered, voice: Voice, site: Site) -> Fields:
    gettext = voice.gettext
    after, link, until = [], None, ""
    if letter.kind == K.OFFER and slot.asked_at and slot.expires_at:
        until = words.moment(_wall(slot.expires_at, slot.zone), voice.locale)
        after.append(gettext(words.OFFER_UNTIL) % {"when": until})
        if slot.releases_at is not None:
            given_up = words.moment(_wall(slot.releases_at, slot.zone), voice.locale)
            after.append(gettext(words.OFFER_RELEASES) % {"when": given_up})
        link = Link(gettext(words.ANSWER_OFFER), site.offer(slot.turn_id, slot.asked_at))
    when = words.moment(_wall(slot.starts_at, slot.zone), voice.locale)
    return {
        **_sentences(letter, voice, count=1, when=when, until=until, **who_and_where((slot,))),
        "cards": [_card(slot, letter, voice)],
        "after": after,
        "link": link,
    }


def _of_visits(letter: Letter, voice: Voice, site: Site) -> Fields:
    locale, count = voice.locale, len(letter.visits)
    first = letter.visits[0]
    wall = _wall(first.starts_at, first.zone)
    when = words.moment(wall, locale) if count == 1 else words.day_without_year(wall.date(), locale)
    cards, shared = _gather([_card(visit, letter, voice) for visit in letter.visits])
    before = ""
    if letter.kind in (K.CHANGE, K.SERIES_CHANGED) and count == 1:
        before = _before(first, voice)
    elif letter.kind == K.SERIES_CHANGED:
        notes = [_what_changed(visit, voice) for visit in letter.visits]
        cards = [card._replace(note=note) for card, note in zip(cards, notes, strict=True)]
    return {
        **_sentences(letter, voice, count=count, when=when, **who_and_where(letter.visits)),
        "before": before,
        "cards": cards,
        "shared": shared,
        **_of_own_page(letter, voice, site),
    }


def _of_own_page(letter: Letter, voice: Voice, site: Site) -> Fields:
    """Where the patient sees their appointments and acts on them; before a session of a plan they are asked there."""
    if letter.page is None:
        return {}
    gettext = voice.gettext
    asks = letter.kind == K.REMINDER and letter.asks_check_in
    label = words.PAGE_LABELS.get(letter.kind, words.YOUR_PAGE)
    url = site.check_in(letter.page) if letter.kind == K.CHECK_IN else site.patient(letter.page)
    return {
        "after": (gettext(words.HOW_ARE_YOU),) if asks else (),
        "link": Link(gettext(label), url),
    }


def _sentences(letter: Letter, voice: Voice, *, count: int, when: str, **more: str) -> Fields:
    """Subject, lead and what to do; ``more`` are further fields that the clinic's own words may name."""
    gettext, sender = voice.gettext, sender_in_one_line(letter.sender)
    kind = letter.kind
    if kind == K.SERIES_CHANGED and count == 1 and letter.visits[0].last_told_sequence is None:
        kind = K.CONFIRMATION  # the only one left is one that the patient hears of for the first time
    wording = words.words_for(kind, count)
    reads_like = words.reads_like(kind, count)
    ask = (
        gettext(wording.ask) % {"phone": sender.phone} if sender.phone else gettext(wording.ask_without_phone)
    )
    return {
        "subject": gettext(wording.subject) % {"when": when, "count": count},
        "lead": gettext(wording.lead) % {"count": count},
        "ask": ask,
        **own_sentences(letter, reads_like, voice, count=count, when=when, **more),
    }


def _before(visit: Visit, voice: Voice) -> str:
    """The start told last, if it was another one."""
    if visit.previous_at is None or visit.previous_at == visit.starts_at:
        return ""
    previous = words.moment(_wall(visit.previous_at, visit.zone), voice.locale)
    return voice.gettext(words.BEFORE) % {"when": previous}


def _what_changed(visit: Visit, voice: Voice) -> str:
    if visit.last_told_sequence is None:
        return voice.gettext(words.NEW)
    return _before(visit, voice) or voice.gettext(words.SAME_TIME)


def _card(shown: Visit | Offered, letter: Letter, voice: Voice) -> Card:
    locale = voice.locale
    starts, ends = _wall(shown.starts_at, shown.zone), _wall(shown.ends_at, shown.zone)
    needs_zone = letter.sender.several_zones or (letter.zone or shown.zone) != shown.zone
    return Card(
        day=words.full_day(starts.date(), locale),
        time=f"{words.clock_time(starts.time(), locale)}–{words.clock_time(ends.time(), locale)}",
        zone=words.zone_name(ZoneInfo(shown.zone), bool(starts.dst()), locale) if needs_zone else "",
        who=voice.gettext(words.WITH) % {"name": one_line(shown.practitioner)},
        place=_place(shown.location, shown.room, shown.address),
    )


@lru_cache(maxsize=16)
def sender_in_one_line(sender: Sender) -> Sender:
    """The clinic with nothing in its texts that could end a header."""
    return sender._replace(
        name=one_line(sender.name), email=one_line(sender.email), phone=one_line(sender.phone)
    )


@lru_cache(maxsize=1024)
def _place(location: str, room: str, address: str) -> tuple[str, ...]:
    first = ", ".join(filter(None, (one_line(location), one_line(room))))
    return (first, *filter(None, map(one_line, address.splitlines())))


def _gather(cards: list[Card]) -> tuple[list[Card], tuple[str, ...]]:
    """Cards, and below them what all of a series have in common, said once."""
    if len(cards) == 1:
        return cards, ()
    shared: tuple[str, ...] = ()
    if len({card.who for card in cards}) == 1:
        shared = (cards[0].who,)
        cards = [card._replace(who="") for card in cards]
    if len({card.place for card in cards}) == 1:
        shared += cards[0].place
        cards = [card._replace(place=()) for card in cards]
    return cards, shared


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone))


def one_line(text: str) -> str:
    """Text without line breaks and other control characters, so that it can neither end nor add a header."""
    return " ".join(_CONTROLS.sub(" ", text).split())
