"""The WSGI entry point: ``app`` for granian, gunicorn and ``flask --app wsgi``."""

import gc
import sys

gc.disable()  # Nothing is garbage before everything is loaded; looking for some is a fifth of the start.

from config import SettingError  # noqa: E402
from scheduler import NotReady, create_app, prepare_to_serve  # noqa: E402

CANNOT_START = 3
"""gunicorn gives up on this exit code instead of starting the worker again and again."""

try:
    app = create_app()
    prepare_to_serve(app)
    # What is loaded by now stays. Looking through it for garbage would hold up an answer by 100 ms now and then.
    gc.collect()
    gc.freeze()
    gc.enable()
except (SettingError, NotReady) as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(CANNOT_START)
