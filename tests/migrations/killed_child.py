"""Upgrades a database in a process of its own, which dies by SIGKILL before the n-th statement."""

import os
import signal
from multiprocessing.connection import Connection

from flask_migrate import upgrade
from sqlalchemy import event

from scheduler import create_app
from scheduler.extensions import db
from tests.conftest import settings_for


def upgrade_until(url: str, fatal: int, ends: Connection) -> None:
    """Count what changes the schema and tell; the fatal one is never carried out; 0 kills nothing."""
    app = create_app(settings_for(url))
    seen = 0

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen
        seen += statement.lstrip().upper().startswith(("CREATE", "ALTER", "INSERT"))
        if fatal and seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count)
        upgrade()
    ends.send(seen)
