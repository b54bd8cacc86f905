"""Who sits at the browser, and where they work: read once per page from three cookies.

The session cookie holds a random secret (its hash is in browser_sessions); ``place`` and ``theme`` hold a choice.
"""

from datetime import timedelta

from flask import Flask, Response, current_app, g, request

from scheduler import clock
from scheduler.usecases.actors import Actor
from scheduler.usecases.clinic.desk import Desk, see_desk
from scheduler.usecases.staff.sign_in import SESSION_LASTS, SignedIn, staff_for_cookie

PLACE_COOKIE, THEME_COOKIE = "place", "theme"
THEMES = ("auto", "light", "dark")
CHOICE_LASTS = timedelta(days=400)
WITHOUT_BROWSER = ("/api/", "/feeds/", "/o/", "/p/", "/static/", "/healthz", "/readyz")
"""Addresses at which cookies count for nothing: a request there needs no protection against forgery."""


def register(app: Flask) -> None:
    """Recognise the browser before each page."""
    app.before_request(recognise)


def recognise() -> None:
    """Set ``g.actor`` and ``g.signed_in`` (None for nobody)."""
    if request.path.startswith(WITHOUT_BROWSER):
        return
    secret = request.cookies.get(cookie_name(), "")
    g.signed_in = staff_for_cookie(secret, now=clock.now()) if secret else None
    if g.signed_in is not None:
        g.actor = actor_of(g.signed_in)


def actor_of(signed_in: SignedIn) -> Actor:
    """The person as the use cases see them."""
    return Actor(
        kind="staff",
        id=signed_in.staff_id,
        name=signed_in.name,
        role=signed_in.role,
        source=source(),
    )


def source() -> str:
    """The network address that the request came from."""
    return (request.remote_addr or "unknown")[:40]


def desk() -> Desk:
    """The clinic, and the location that this browser looks at."""
    if "desk" not in g:
        chosen = request.cookies.get(PLACE_COOKIE, "")
        g.desk = see_desk(int(chosen) if chosen.isascii() and chosen.isdecimal() else None)
    known: Desk = g.desk
    return known


def theme() -> str:
    """auto, light or dark."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def cookie_name() -> str:
    """``__Host-`` binds the cookie to this host and to https, where there is https."""
    return "__Host-desk" if secure() else "desk"


def secure() -> bool:
    """Whether browsers open the desk by https."""
    return str(current_app.config["SETTINGS"].base_url).startswith("https:")


def keep_secret(response: Response, secret: str) -> None:
    """Put the session's secret into the browser; the row, not the cookie, says how long it is good for."""
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=SESSION_LASTS * 14,
        path="/",
        httponly=True,
        secure=secure(),
        samesite="Lax",
    )


def forget_secret(response: Response) -> None:
    """Take the session's secret out of the browser."""
    response.delete_cookie(cookie_name(), path="/", httponly=True, secure=secure(), samesite="Lax")


def keep_choice(response: Response, name: str, value: str) -> None:
    """Keep a choice of appearance or place in this browser."""
    response.set_cookie(
        name, value, max_age=CHOICE_LASTS, path="/", httponly=True, secure=secure(), samesite="Lax"
    )
