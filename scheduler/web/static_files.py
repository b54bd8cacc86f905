"""Style sheets, scripts and icons from web/static: kept in memory, compressed once, cached by browsers for ever.

``url_for("static", filename=…)`` adds the content's hash, so that a new version has a new address.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.security import safe_join

from scheduler.access import public

ROOT = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=60"
SMALLEST_TO_COMPRESS = 1000


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's bytes as they go out."""

    kind: str
    version: str
    plain: bytes
    gzipped: bytes | None


def register(app: Flask) -> None:
    """Serve /static and version its addresses."""
    app.add_url_rule("/static/<path:filename>", "static", public(serve))
    app.url_defaults(_add_version)


def serve(filename: str) -> Response:
    """GET /static/<path>: the file, or 404."""
    file = load(filename)
    if file is None:
        abort(404)
    gzipped = file.gzipped if "gzip" in request.accept_encodings else None
    response = Response(gzipped or file.plain, content_type=file.kind)
    response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == file.version else BRIEFLY
    response.vary.add("Accept-Encoding")
    if gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(file.version + ("-gzip" if gzipped else ""))
    response.make_conditional(request)
    return response


def load(filename: str) -> StaticFile | None:
    """The file as it is now (read again only when it changed), or None where there is none."""
    path = safe_join(str(ROOT), filename)
    if path is None or not Path(path).is_file():
        return None
    return _read(path, Path(path).stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: str, _changed: int) -> StaticFile:
    plain = Path(path).read_bytes()
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in {"image/svg+xml", "application/javascript"}
    return StaticFile(
        kind=f"{kind}; charset=utf-8" if text else kind,
        version=hashlib.sha256(plain).hexdigest()[:12],
        plain=plain,
        gzipped=gzip.compress(plain, 9) if text and len(plain) >= SMALLEST_TO_COMPRESS else None,
    )


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and (file := load(values["filename"])):
        values.setdefault("v", file.version)
