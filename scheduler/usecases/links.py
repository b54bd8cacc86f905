"""Secrets in mails' links: derived, not stored, because a mail's words are made only when it is sent.

The row keeps the secret's hash, by which it is found again; whoever reads the database learns no link.
"""

import base64
import hashlib
import hmac
from datetime import datetime

OFFER, PATIENT, CALENDAR = "offer", "patient", "calendar"


def offer_secret(key: str, turn_id: int, asked_at: datetime) -> str:
    """The secret of the link by which a patient answers an offer: 43 letters, digits, - and _ (256 bits).

    ``key`` is the service's own secret. Another asking of the same turn has another secret.
    """
    return _secret(key, OFFER, turn_id, int(asked_at.timestamp()))


def offer_link(base_url: str, secret: str) -> str:
    """The address of the page on which the patient answers."""
    return f"{base_url}/o/{secret}"


def patient_secret(key: str, link_id: int, nonce: str) -> str:
    """The secret of a patient's own page, from the row of the link."""
    return _secret(key, PATIENT, link_id, nonce)


def patient_page(base_url: str, secret: str) -> str:
    """The address of a patient's own page."""
    return f"{base_url}/p/{secret}"


def calendar_secret(key: str, link_id: int, nonce: str, name: str, number: int) -> str:
    """The secret of the calendar address ``number`` of that name that a patient makes on their own page."""
    return _secret(key, CALENDAR, link_id, f"{nonce}:{name}:{number}")


def _secret(key: str, purpose: str, row_id: int, nonce: int | str) -> str:
    text = f"{purpose}:{row_id}:{nonce}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), text, hashlib.sha256)).decode().rstrip("=")
