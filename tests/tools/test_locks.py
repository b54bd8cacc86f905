"""The locks are complete, hashed and tied to no registry."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCKS = ("requirements.txt", "requirements-dev.txt", "tools/node.txt")


def _pins(name: str) -> dict[str, list[str]]:
    """Each pinned `package==version ; marker` of a lock with its hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    rows = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {row.split("--hash=")[0].strip(): re.findall(r"--hash=(\S+)", row) for row in rows}


@pytest.mark.parametrize("name", [*PYTHON_LOCKS, "package-lock.json"])
def test_a_lock_names_no_address_and_no_folder_of_a_machine(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert [line for line in lines if re.search(r"://|resolved|index-url|find-links|file:|via /", line)] == []


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_every_python_pin_is_exact_and_hashed(name: str) -> None:
    pins = _pins(name)
    assert pins
    assert [pin for pin, hashes in pins.items() if "==" not in pin or not hashes] == []


def test_the_development_lock_repeats_the_pins_of_the_service() -> None:
    service, development = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert [pin for pin in service if development.get(pin) != service[pin]] == []


def test_every_npm_package_has_an_integrity_sum() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    third_party = {name: package for name, package in packages.items() if name}
    assert third_party
    assert [name for name, package in third_party.items() if "integrity" not in package] == []
