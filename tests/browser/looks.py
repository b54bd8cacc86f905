"""Whether a page can be used by everybody: axe-core's rules, and nothing wider than the window."""

import json
from functools import lru_cache
from typing import Any

from playwright.sync_api import Page

from tools.vendor import VENDOR

OPTIONS = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""The one rule whose answer depends on the theme."""
HEIGHT = 860


def faults(page: Page, widths: tuple[int, ...] = (1280, 390)) -> tuple[str, ...]:
    """What is wrong with the page as it is shown, in these widths and both themes: () if it serves everybody.

    The page is opened once and then made narrow and dark where it is: that costs a third of opening it four times.
    Every rule is asked in every width, what depends on the theme in both. It is left in the first width, light.
    """
    found = []
    for number, width in enumerate(widths):
        first, second = ("light", "dark") if number % 2 == 0 else ("dark", "light")
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme, options in ((first, OPTIONS), (second, COLOURS)):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found += [f"{width} {theme} {line}" for line in violations(page, options)]
        found += [f"{width} wider by {excess} pixels" for excess in [overflow(page)] if excess]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    return tuple(found)


def violations(page: Page, options: dict[str, Any] = OPTIONS) -> list[str]:
    """What axe-core finds wrong with the page as it is shown: rule, and where."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_axe())
    found = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; waits for the page that a click leads to."""
    page.wait_for_load_state()
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, width)


@lru_cache(maxsize=1)
def _axe() -> str:
    return (VENDOR / "axe.min.js").read_text()
