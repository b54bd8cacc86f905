"""Whether a page can be used by everybody: axe-core's rules, and nothing wider than the window."""

import json
from functools import lru_cache

from playwright.sync_api import Page

from tools.vendor import VENDOR

OPTIONS = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is shown: rule, and where."""
    page.evaluate(_axe())
    found = page.evaluate(f"axe.run(document, {json.dumps(OPTIONS)})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, width)


@lru_cache(maxsize=1)
def _axe() -> str:
    return (VENDOR / "axe.min.js").read_text()
