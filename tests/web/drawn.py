"""The diary's data with each appointment made whole, as the script does it."""

from typing import Any

from tests.web.browser import Browser

OWN = ("code", "status", "colour")


def drawn(desk: Browser, query: str) -> Any:
    """What the calendar draws for that address."""
    answer = desk.get(f"/diary/data?{query}")
    assert answer.status_code == 200
    shown = answer.get_json()
    booked = shown.pop("booked")
    shown["events"] = [_whole(row, booked) for row in booked["rows"]] + shown["events"]
    return shown


def _whole(row: list[Any], booked: dict[str, Any]) -> dict[str, Any]:
    number, column, span, kind, version, title, detail = row
    start, end, time = booked["spans"][span]
    shared = booked["kinds"][kind]
    return {
        "id": str(number),
        "resourceIds": [column],
        "start": start,
        "end": end,
        "title": title,
        **{name: value for name, value in shared.items() if name not in OWN},
        "extendedProps": {name: shared[name] for name in OWN}
        | {"version": version, "detail": detail, "time": time},
    }
