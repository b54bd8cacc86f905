"""Who calls: ``Authorization: Bearer <key>``. The browser's cookie counts for nothing here."""

from flask import g, request

from scheduler.errors import NotSignedIn
from scheduler.usecases.staff.api_keys import actor_for_api_key


def recognise() -> None:
    """Set ``g.actor`` from the key; raises NotSignedIn where there is none in use."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotSignedIn("Send an API key with the request: Authorization: Bearer <key>.")
    source = (request.remote_addr or "unknown")[:40]
    g.actor = actor_for_api_key(key.strip(), source=source)
    if g.actor is None:
        raise NotSignedIn("This API key is unknown or was revoked.")
