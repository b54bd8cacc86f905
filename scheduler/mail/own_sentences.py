"""The clinic's own words in a letter, in place of the shipped ones; and the shipped ones in the clinic's language."""

import logging
import re
from collections.abc import Mapping

from scheduler.mail import summary, words
from scheduler.mail.voice import Voice, voice_of
from scheduler.models.messages import MessageKind
from scheduler.usecases.messages.letters import Letter, Offered, Visit
from scheduler.usecases.messages.own_words import OwnWords, WordsBroken, fill_words

log = logging.getLogger(__name__)
_SHIPPED_FIELD = re.compile(r"%\((\w+)\)[sd]")
_ELSEWHERE = {
    MessageKind.WEEKLY_SUMMARY.value: (summary.SUBJECT, summary.LEAD, summary.WHY),
    MessageKind.DAY_LIST.value: (summary.DAY_SUBJECT, summary.DAY_LEAD, summary.DAY_WHY),
}
_OTHER_NAMES = {"day": "when"}


def own_sentences(letter: Letter, kind: str, voice: Voice, **fields: object) -> Mapping[str, str]:
    """Subject, lead and ask as the clinic wrote them; nothing where it did not, or where that cannot be filled in.

    ``kind`` is what the mail reads like: a series of which one date is left reads like a single appointment.
    """
    stored = letter.own_words.get((kind, voice.locale.language)) if letter.own_words else None
    if stored is None:
        return {}
    sender = letter.sender
    known: dict[str, object] = {"clinic": sender.name, "phone": sender.phone, "email": sender.email}
    known |= {"name": letter.given_name, "practitioner": "", "location": "", "until": "", "when": ""} | fields
    plain = {
        name: " ".join(value.split()) if isinstance(value, str) else value for name, value in known.items()
    }
    try:
        filled = fill_words(stored, plain)
    except WordsBroken as error:
        log.warning(
            "the clinic's own words for %s in %s cannot be filled in: %s", kind, voice.language, error
        )
        return {}
    return {"subject": filled.subject, "lead": filled.lead, "ask": filled.closing}


def who_and_where(shown: tuple[Visit | Offered, ...]) -> dict[str, str]:
    """The fields practitioner and location of some dates, each name once."""
    return {
        "practitioner": ", ".join(dict.fromkeys(each.practitioner for each in shown)),
        "location": ", ".join(dict.fromkeys(each.location for each in shown)),
    }


def shipped_words(kind: str, language: str) -> OwnWords:
    """The shipped words of a kind in the language of fields, to begin one's own with."""
    voice = voice_of(words.choose_locale(language))
    if kind in _ELSEWHERE:
        parts = _ELSEWHERE[kind]
    else:
        shipped = words.WORDS[kind]
        parts = (shipped.subject, shipped.lead, shipped.ask)
    return OwnWords(*(_SHIPPED_FIELD.sub(_field, voice.gettext(part)) for part in parts))


def _field(found: re.Match[str]) -> str:
    return f"{{{{ {_OTHER_NAMES.get(found[1], found[1])} }}}}"
