"""Small questions to the request that several screens ask."""

from flask import request


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page (but not when it restores history, which needs the whole)."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def page_number() -> int:
    """?page=, from 1."""
    return max(1, min(request.args.get("page", 1, type=int), 100_000))
