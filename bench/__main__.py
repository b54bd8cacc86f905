"""``make bench``: run everything, hold it against the budgets, print a table, save JSON under bench/results/."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import board, desk, feeds, gaps, imports, large_feed, mail, reception, repair, series

SUITES = {
    "board": board.run,
    "desk": desk.run,
    "feeds": feeds.run,
    "gaps": gaps.run,
    "imports": imports.run,
    "large_feed": large_feed.run,
    "mail": mail.run,
    "reception": reception.run,
    "repair": repair.run,
    "series": series.run,
}
QUICK_SIZES = (20_000, 78_000)
SIZED = {"board": board.run, "desk": desk.run}
"""Suites that take sizes of the history."""
RESULTS = Path(__file__).parent / "results"
BUDGETS: Mapping[str, tuple[str, float]] = {
    "slots_ms": ("at most", 15),
    "proposals_ms": ("at most", 40),
    "ratio": ("at most", 1.3),
    "memory_mb": ("at most", 200),
    "large_growth_mb": ("at most", 120),
    "large_rendered_again": ("at most", 1),
    "unchanged_ratio": ("at least", 0.8),
    "rebuild_ratio": ("at least", 5),
    "reminders_ratio": ("at least", 0.7),
    "gap_ms": ("at most", 50),
    "repair_ms": ("at most", 20),
    "repair_all_s": ("at most", 5),
    "board_ms": ("at most", 100),
    "housed_ratio": ("at least", 0.98),
    "import_s": ("at most", 20),
    "diary_ms": ("at most", 50),
    "diary_server_ms": ("at most", 50),
    "diary_data_ms": ("at most", 50),
    "team_week_server_ms": ("at most", 50),
    "patient_search_ms": ("at most", 50),
    "slowest_patient_list_ms": ("at most", 50),
    "slowest_patient_search_ms": ("at most", 50),
}
"""What the figures should be on a quiet machine of two cores; printed beside them, never failed on."""


def main() -> None:
    """Run the suites that were asked for."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"some of: {', '.join(SUITES)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="smaller histories in board and desk")
    parser.add_argument("--long", action="store_true", help="in repair, also a minute of a constraint solver")
    asked = parser.parse_args()
    unknown = set(asked.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite is called {', '.join(sorted(unknown))}")
    found = {}
    for name in asked.suites or SUITES:
        print(f"\n{name}")
        if name in SIZED and asked.quick:
            found[name] = SIZED[name](QUICK_SIZES)
        elif name == "repair" and asked.long:
            found[name] = repair.run(long=True)
        else:
            found[name] = SUITES[name]()
        show(found[name])
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(
        f"\nsaved as {path.relative_to(Path.cwd())}"
        if path.is_relative_to(Path.cwd())
        else f"\nsaved as {path}"
    )


def show(found: Mapping[str, Any], indent: str = "  ") -> None:
    """Print figures as an indented table with the budget, where there is one."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            print(f"{indent}{name}")
            show(value, indent + "  ")
        elif isinstance(value, (int, float)):
            print(f"{indent}{name:<34}{value:>14,.2f}{budget(name, value)}")
        else:
            print(f"{indent}{name:<34}{value!s:>14}")


def budget(name: str, value: float) -> str:
    """The budget of a figure and whether it is kept."""
    if name not in BUDGETS:
        return ""
    word, limit = BUDGETS[name]
    kept = value <= limit if word == "at most" else value >= limit
    return f"   {word} {limit:g}{'' if kept else '   MISSED'}"


if __name__ == "__main__":
    main()
