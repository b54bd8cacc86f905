"""Dates as files write them. How a column writes them is decided from all of it; what stays open is asked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(ENGLISH, 1)}
MONTHS |= {"mär": 3, "mrz": 3, "mae": 3, "mai": 5, "okt": 10, "dez": 12}
"""The first three letters of a month, English or German -> its number."""
PATTERNS = {
    "Y-m-d": r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    "Y/m/d": r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
    "Ymd": r"(?P<y>(?:18|19|20|21)\d\d)(?P<m>\d\d)(?P<d>\d\d)",
    "d.m.Y": r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4})",
    "d/m/Y": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
    "m/d/Y": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
    "d-m-Y": r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})",
    "m-d-Y": r"(?P<m>\d{1,2})-(?P<d>\d{1,2})-(?P<y>\d{4})",
    "d M Y": r"(?P<d>\d{1,2})\.?[ -](?P<name>[^\W\d]{3,9})\.?[ -](?P<y>\d{4})",
    "d.m.y": r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d\d)",
    "d/m/y": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d\d)",
    "m/d/y": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d\d)",
}
SHAPES = {code: re.compile(pattern) for code, pattern in PATTERNS.items()}
SHORT_YEARS = frozenset({"d.m.y", "d/m/y", "m/d/y"})
"""Never taken without asking: two digits do not tell the century."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a column writes its dates; ``code`` is None where a person must choose among ``candidates``."""

    code: str | None
    candidates: tuple[str, ...]


def read_date(text: str, code: str, *, latest: date) -> date | None:
    """The date written as PATTERNS[code], or None. Two digits of a year mean the last such year up to ``latest``'s."""
    found = SHAPES[code].fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += latest.year // 100 * 100
        year -= 100 if year > latest.year else 0
    month = MONTHS.get(parts["name"].lower()[:3], 0) if "name" in parts else int(parts["m"])
    try:
        return date(year, month, int(parts["d"]))
    except ValueError:
        return None


def decide_writing(texts: Iterable[str], *, latest: date) -> Writing:
    """How the column is written: as most of its cells can be read; open where two ways read it differently."""
    values = list(dict.fromkeys(text for text in texts if text))[:20_000]
    counts = {
        code: sum(read_date(text, code, latest=latest) is not None for text in values) for code in SHAPES
    }
    most = max(counts.values(), default=0)
    if most == 0:
        return Writing(None, ())
    best = tuple(code for code, count in counts.items() if count == most)
    if len(best) == 1 and best[0] not in SHORT_YEARS:
        return Writing(best[0], best)
    readings = {tuple(read_date(text, code, latest=latest) for text in values) for code in best}
    if len(readings) == 1 and best[0] not in SHORT_YEARS:
        return Writing(best[0], best)
    return Writing(None, best)
