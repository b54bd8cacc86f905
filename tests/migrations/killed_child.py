"""Upgrade a database, die by SIGKILL before the n-th statement: ``python -m tests.migrations.killed_child URL N``."""

import os
import signal
import sys

from flask_migrate import upgrade
from sqlalchemy import event

from scheduler import create_app
from scheduler.extensions import db
from tests.conftest import settings_for


def main(url: str, fatal: int) -> None:
    """Count what changes the schema; the fatal one is never carried out; 0 kills nothing."""
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
    sys.stdout.write(str(seen))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
