"""Start wsgi.py once under gunicorn and ask /healthz: the app must stay a plain WSGI application."""

import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tools import children, probe

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 120


def check() -> None:
    """Migrate an empty SQLite file, serve from it, expect 200; exits with a sentence otherwise."""
    with tempfile.TemporaryDirectory(prefix="needletime-") as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/gunicorn.db",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOG_LEVEL": "WARNING",
        }
        migrate = ("flask", "--app", "wsgi", "db", "upgrade")
        if children.spawn_module(*migrate, cwd=ROOT, env=environment).wait():
            sys.exit("The migrations failed; their words are above.")
        port = probe.free_port()
        # Without the control socket it leaves nothing in the home directory.
        serve = ("gunicorn", "--no-control-socket", "--log-level=warning", f"--bind={probe.HOST}:{port}")
        server = children.spawn_module(*serve, "wsgi:app", cwd=ROOT, env=environment)
        try:
            give_up_at = time.monotonic() + _START_SECONDS
            while (status := probe.http_status(port, "/healthz")) is None:
                if server.poll() is not None or time.monotonic() > give_up_at:
                    sys.exit("gunicorn did not start to serve wsgi.py; its words are above.")
                time.sleep(0.1)
        finally:
            children.stop(server)
        if status != 200:
            sys.exit(f"Under gunicorn, /healthz answered {status}, not 200.")
    print("wsgi.py serves /healthz under gunicorn.")


if __name__ == "__main__":
    check()
