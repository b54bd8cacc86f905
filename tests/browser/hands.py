"""What a person does in the diary: finds an appointment, takes it by the mouse, points at a time."""

import json

from playwright.sync_api import Locator, Page

SLOT_PIXELS, SLOT_MINUTES = 24, 15
GRIP = 8
"""So many pixels from an appointment's top left corner it is taken."""


def entry(page: Page, name: str) -> Locator:
    """An appointment in the calendar, by its patient's name."""
    return page.locator(".ec-event.entry:not(.ec-ghost, .ec-preview)", has_text=name)


def listed(page: Page, name: str) -> Locator:
    """An appointment's line in the list below the calendar."""
    return page.locator("#day-list tbody tr", has_text=name)


def spot(page: Page, at: str, column: int = 0) -> tuple[float, float]:
    """Where in a column a wall time begins, in pixels of the window."""
    day = page.locator(".ec-body .ec-day").nth(column).bounding_box()
    assert day is not None
    first = json.loads(page.locator("#calendar-data").inner_text())["first"]
    return day["x"] + 2, day["y"] + (minutes(at) - minutes(first)) / SLOT_MINUTES * SLOT_PIXELS


def drag(page: Page, name: str, to: str, column: int = 0) -> None:
    """Take an appointment and drop it with its beginning at a time."""
    box = entry(page, name).bounding_box()
    assert box is not None
    x, y = spot(page, to, column)
    page.mouse.move(box["x"] + GRIP, box["y"] + GRIP)
    page.mouse.down()
    page.mouse.move(x + GRIP, y + GRIP, steps=6)
    page.mouse.up()


def click_free(page: Page, at: str, column: int = 0) -> None:
    """Click the quarter of an hour that begins at a time."""
    x, y = spot(page, at, column)
    page.mouse.click(x + 40, y + SLOT_PIXELS / 2)


def tab_to(page: Page, target: Locator, most: int = 25) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached with Tab")


def minutes(at: str) -> int:
    """14:30 as minutes of the day."""
    hour, minute = at.split(":")
    return int(hour) * 60 + int(minute)
