"""A form that is sent twice does its work once: a hidden random key, kept with the result."""

import hashlib
import secrets

from flask import request

from scheduler.usecases.idempotency import Idempotency

FIELD = "form_key"


def new_key() -> str:
    """A key for a freshly shown form; templates put it into the hidden field ``form_key``."""
    return secrets.token_urlsafe(16)


def asked_once() -> Idempotency | None:
    """The key of the form that was sent and a fingerprint of what was entered; None without a key."""
    key = request.form.get(FIELD, "")[:100]
    if not key:
        return None
    entered = sorted((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    return Idempotency(key=f"form:{key}", fingerprint=hashlib.sha256(repr(entered).encode()).hexdigest())
