"""The floors of the house: imports point down only, and the environment and the clock have one reader each."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOOR_4 = {"api", "web", "cli", "feeds", "health", "jobs"}
"""Parts that meet in create_app() only."""
ABOVE_FLOOR_3 = FLOOR_4 | {"access", "http_errors", "readiness"}
MAY_START = {("cli", "jobs")}
"""`flask jobs` is how the clock is run by hand."""
THE_PRESENT = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"),
    *("datetime.datetime.utcnow", "datetime.date.today", "time.time", "time.time_ns"),
}


@cache
def files() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """What each file of the service imports, and the dotted names that it uses; read when the first test asks."""
    paths = [ROOT / "config.py", ROOT / "wsgi.py", *sorted((ROOT / "scheduler").rglob("*.py"))]
    trees = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}
    return {name: (frozenset(_imported(tree)), frozenset(_used(tree))) for name, tree in trees.items()}


def _imported(tree: ast.AST) -> Iterator[str]:
    """Every imported module, with the imported name where it may be a module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _used(tree: ast.AST) -> Iterator[str]:
    """``os.environ`` where it is written so."""
    for node in ast.walk(tree):
        words, part = [], node
        while isinstance(part, ast.Attribute):
            words.append(part.attr)
            part = part.value
        if words and isinstance(part, ast.Name):
            yield ".".join([part.id, *reversed(words)])


def users_of(names: set[str]) -> list[str]:
    """The files that import or use one of these."""
    return [file for file, (imported, used) in files().items() if names & (imported | used)]


def part_of(dotted: str) -> str:
    """api for scheduler.api.slots, "" for what is not ours."""
    ours, _, rest = dotted.partition(".")
    return rest.partition(".")[0] if ours == "scheduler" else ""


def modules(*parts: str) -> list[tuple[str, str]]:
    """(file, import) of every import in some parts of scheduler/."""
    homes = tuple(f"scheduler/{part}{end}" for part in parts for end in ("/", ".py"))
    return [
        (name, found)
        for name, (imported, _) in files().items()
        if name.startswith(homes)
        for found in sorted(imported)
    ]


def test_planning_knows_only_the_standard_library() -> None:
    allowed = sys.stdlib_module_names
    wrong = [
        (name, found)
        for name, found in modules("planning")
        if part_of(found) != "planning" and found.split(".")[0] not in allowed
    ]
    assert modules("planning")
    assert wrong == []


def test_models_know_only_models() -> None:
    wrong = [pair for pair in modules("models") if part_of(pair[1]) not in {"", "models"}]
    assert modules("models")
    assert wrong == []


@pytest.mark.parametrize("part", ["usecases", "mail", "calendars"])
def test_the_third_floor_knows_nothing_of_http(part: str) -> None:
    wrong = [
        (name, found)
        for name, found in modules(part)
        if part_of(found) in ABOVE_FLOOR_3 or found.split(".")[0] in {"flask", "werkzeug", "config"}
    ]
    assert modules(part)
    assert wrong == []


@pytest.mark.parametrize("part", sorted(FLOOR_4))
def test_parts_of_the_fourth_floor_do_not_import_each_other(part: str) -> None:
    others = {other for other in FLOOR_4 - {part} if (part, other) not in MAY_START}
    assert [pair for pair in modules(part) if part_of(pair[1]) in others] == []


def test_only_config_reads_the_environment() -> None:
    assert users_of({"os.environ", "os.getenv"}) == ["config.py"]


def test_only_the_clock_reads_the_time() -> None:
    assert users_of(THE_PRESENT) == ["scheduler/clock.py"]
