"""Whatever is imported is locked: nothing works here only because somebody installed it by hand."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ("config.py", "wsgi.py", "scheduler", "migrations")
EVERYTHING = (*SERVICE, "tests", "tools", "bench")
OURS = {"config", "wsgi", "scheduler", "tests", "tools", "bench"}


def _sources(places: Iterable[str]) -> list[Path]:
    paths = [ROOT / place for place in places]
    return [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def _imported_packages(path: Path) -> set[str]:
    """The top-level names of a file's absolute imports that are neither ours nor Python's."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - OURS - sys.stdlib_module_names


def _locked(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("places", "lock"), [(SERVICE, "requirements.txt"), (EVERYTHING, "requirements-dev.txt")]
)
def test_whatever_is_imported_is_locked(places: tuple[str, ...], lock: str) -> None:
    locked, distributions = _locked(lock), packages_distributions()
    files = _sources(places)
    assert len(files) > len(places)
    unlocked = [
        f"{path.relative_to(ROOT)} imports {package}"
        for path in files
        for package in sorted(_imported_packages(path))
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in distributions.get(package, [])} & locked
    ]
    assert unlocked == []
