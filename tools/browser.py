"""Find Chromium for the browser tests; Playwright's own download is not used."""

import shutil

from tools import apt

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def ensure_chromium() -> str:
    """The path of Chromium, installed with apt-get if need be; raises MissingProgram if there is no way."""
    path = find_chromium()
    if path is None:
        apt.install("chromium", "Testing in a browser")
        path = find_chromium()
    if path is None:
        raise apt.MissingProgram("Testing in a browser needs chromium on PATH.")
    return path
