"""How one language is spoken and written in mails."""

from functools import lru_cache
from typing import NamedTuple

from babel import Locale

from scheduler.i18n import Gettext, translator


class Voice(NamedTuple):
    """A language with its words."""

    locale: Locale
    gettext: Gettext
    language: str
    """BCP 47."""
    direction: str
    """ltr or rtl."""


@lru_cache(maxsize=256)
def voice_of(locale: Locale) -> Voice:
    """The voice of a locale."""
    tag = str(locale).replace("_", "-")
    return Voice(locale, translator(tag), tag, locale.text_direction)
