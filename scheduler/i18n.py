"""Words in a person's language, for every floor: compiled catalogues, no Flask.

Messages are English msgids. Name the function you are given ``gettext``: that is what the extractor looks for.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel.support import Translations

FOLDER = Path(__file__).parent / "translations"
Gettext = Callable[[str], str]
_TAG = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{1,8})*")


@lru_cache(maxsize=64)
def translations(locale: str, folder: Path = FOLDER) -> NullTranslations:
    """The catalogue (gettext, ngettext, …) for a BCP 47 tag such as ``de`` or ``de-AT``.

    Falls back to the tag's beginning (``de-AT`` to ``de``), then to the English msgids; raises nothing.
    """
    tag = locale.replace("-", "_")
    if not _TAG.fullmatch(tag):
        return NullTranslations()
    parts = tag.split("_")
    candidates = ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return Translations.load(folder, candidates)


def translator(locale: str) -> Gettext:
    """The function that turns an English msgid into the words of ``locale``; fields are filled in afterwards."""
    return translations(locale).gettext
