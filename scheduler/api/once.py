"""The Idempotency-Key header: a POST that is sent again finds what the first one made."""

import hashlib
import json
from typing import Any

import marshmallow as ma
from flask import request

from scheduler.api.fields import Text
from scheduler.api.parsing import read_json
from scheduler.usecases.idempotency import Idempotency

LONGEST_KEY = 200


class Once(ma.Schema):
    """Headers of a POST that makes something; loads as Idempotency, or None without the header."""

    key = Text(
        LONGEST_KEY,
        shortest=1,
        data_key="Idempotency-Key",
        metadata={
            "description": "Any text that is new for each new request, such as a UUID. The same request sent again "
            "with the same key makes nothing new and answers with what the first one made."
        },
    )

    @ma.post_load
    def _with_fingerprint(self, headers: dict[str, str], **_context: Any) -> Idempotency | None:
        return Idempotency(headers["key"], fingerprint()) if headers else None


def fingerprint() -> str:
    """SHA-256 of method, path and body, whatever the order and spacing of the body's members."""
    body = json.dumps(read_json(request), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()
