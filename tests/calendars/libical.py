"""A feed as libical reads it (the parser of Evolution, KDE and Thunderbird's past), by its C interface."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any

from tools import apt


class Time(ctypes.Structure):
    """icaltimetype of libical 3."""

    _fields_ = [
        *[
            (name, ctypes.c_int)
            for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")
        ],
        ("zone", ctypes.c_void_p),
    ]


class Duration(ctypes.Structure):
    """icaldurationtype."""

    _fields_ = [
        ("is_neg", ctypes.c_int),
        *[(name, ctypes.c_uint) for name in ("days", "weeks", "hours", "minutes", "seconds")],
    ]


class Trigger(ctypes.Structure):
    """icaltriggertype."""

    _fields_ = [("time", Time), ("duration", Duration)]


SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "icalparser_parse_string": (ctypes.c_void_p, [ctypes.c_char_p]),
    "icalcomponent_string_to_kind": (ctypes.c_int, [ctypes.c_char_p]),
    "icalproperty_string_to_kind": (ctypes.c_int, [ctypes.c_char_p]),
    "icalcomponent_get_first_component": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_get_next_component": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_get_first_property": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_count_errors": (ctypes.c_int, [ctypes.c_void_p]),
    "icalcomponent_free": (None, [ctypes.c_void_p]),
    "icalproperty_get_value_as_string": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icalproperty_get_value": (ctypes.c_void_p, [ctypes.c_void_p]),
    "icalvalue_get_text": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icalproperty_get_trigger": (Trigger, [ctypes.c_void_p]),
    "icaltime_from_string": (Time, [ctypes.c_char_p]),
    "icaltime_as_timet": (ctypes.c_int64, [Time]),
    "icaldurationtype_as_int": (ctypes.c_int, [Duration]),
}


@cache
def library() -> Any:
    """The shared library, installed first where that is possible."""
    if ctypes.util.find_library("ical") is None:
        apt.install("libical3", "The test of calendar feeds")
    found = ctypes.CDLL(ctypes.util.find_library("ical") or "libical.so.3")
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def by_libical(feed: bytes) -> list[dict[str, Any]]:
    """Every event in the feed's order, instants in epoch seconds; fails where libical sees an error."""
    known = library()
    calendar = known.icalparser_parse_string(feed)
    assert calendar
    try:
        assert known.icalcomponent_count_errors(calendar) == 0
        return [_event(known, event) for event in _inside(known, calendar, b"VEVENT")]
    finally:
        known.icalcomponent_free(calendar)


def _inside(known: Any, parent: int, name: bytes) -> list[int]:
    kind, found = known.icalcomponent_string_to_kind(name), []
    each = known.icalcomponent_get_first_component(parent, kind)
    while each:
        found.append(each)
        each = known.icalcomponent_get_next_component(parent, kind)
    return found


def _event(known: Any, event: int) -> dict[str, Any]:
    def prop(name: bytes, inside: int = event) -> int:
        return int(known.icalcomponent_get_first_property(inside, known.icalproperty_string_to_kind(name)))

    def words(name: bytes) -> str:
        return str(known.icalvalue_get_text(known.icalproperty_get_value(prop(name))).decode())

    def raw(name: bytes) -> str:
        return str(known.icalproperty_get_value_as_string(prop(name)).decode())

    def instant(name: bytes) -> int:
        return int(known.icaltime_as_timet(known.icaltime_from_string(raw(name).encode())))

    return {
        "uid": words(b"UID"),
        "sequence": int(raw(b"SEQUENCE")),
        "stamped_at": instant(b"DTSTAMP"),
        "modified_at": instant(b"LAST-MODIFIED"),
        "starts_at": instant(b"DTSTART"),
        "ends_at": instant(b"DTEND"),
        "summary": words(b"SUMMARY"),
        "location": words(b"LOCATION"),
        "status": raw(b"STATUS"),
        "transparency": raw(b"TRANSP"),
        "alarms": [
            int(
                known.icaldurationtype_as_int(
                    known.icalproperty_get_trigger(prop(b"TRIGGER", alarm)).duration
                )
            )
            for alarm in _inside(known, event, b"VALARM")
        ],
    }
