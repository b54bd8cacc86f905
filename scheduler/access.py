"""Which role may do what, and the guard that every route carries.

Who acts is put on ``flask.g.actor`` by the part that recognised them (API key or browser session).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import g

from scheduler.errors import NotAllowed, NotSignedIn
from scheduler.models.staff import Role
from scheduler.usecases.actors import Actor

P = ParamSpec("P")
R = TypeVar("R")

EVERYBODY = frozenset(Role)
DESK = frozenset({Role.ADMIN, Role.RECEPTION})
PERMISSIONS: dict[str, frozenset[Role]] = {
    "account": EVERYBODY,
    "diary.read": EVERYBODY,
    "patients.read": EVERYBODY,
    "patients.write": DESK,
    "appointments.write": EVERYBODY,
    "absences.write": DESK,
    "plans.write": EVERYBODY,
    "feeds.write": DESK,
    "gaps.write": DESK,
    "messages.read": DESK,
    "reports.read": DESK,
    "messages.write": DESK,
    "clinic.read": EVERYBODY,
    "clinic.write": frozenset({Role.ADMIN}),
    "data.transfer": frozenset({Role.ADMIN}),
}
"""permission -> roles that have it."""


def current_actor() -> Actor:
    """Who acts in this request; raises NotSignedIn when nobody was recognised."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise NotSignedIn
    return actor


def may(permission: str) -> bool:
    """Whether who acts has a permission (for hiding what would be refused)."""
    actor: Actor | None = g.get("actor")
    return actor is not None and actor.role in PERMISSIONS[permission]


def guard(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those with ``permission`` in; raises NotSignedIn or NotAllowed before the view runs."""
    roles = PERMISSIONS[permission]

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if current_actor().role not in roles:
                raise NotAllowed
            return view(*args, **kwargs)

        mark: Any = guarded
        mark.guarded_by = permission
        return guarded

    return decorate


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a route that needs nobody signed in; the guard test accepts only marked or guarded routes."""
    mark: Any = view
    mark.guarded_by = "public"
    return view
