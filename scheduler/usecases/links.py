"""Secrets in mails' links: derived, not stored, because a mail's words are made only when it is sent.

The row keeps the secret's hash, by which it is found again; whoever reads the database learns no link.
"""

import base64
import hashlib
import hmac
from datetime import datetime

OFFER = "offer"


def offer_secret(key: str, turn_id: int, asked_at: datetime) -> str:
    """The secret of the link by which a patient answers an offer: 43 letters, digits, - and _ (256 bits).

    ``key`` is the service's own secret. Another asking of the same turn has another secret.
    """
    return _secret(key, OFFER, turn_id, int(asked_at.timestamp()))


def offer_link(base_url: str, secret: str) -> str:
    """The address of the page on which the patient answers."""
    return f"{base_url}/o/{secret}"


def _secret(key: str, purpose: str, row_id: int, nonce: int) -> str:
    text = f"{purpose}:{row_id}:{nonce}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), text, hashlib.sha256)).decode().rstrip("=")
