"""The WSGI entry point: ``app`` for granian, gunicorn and ``flask --app wsgi``."""

import gc
import sys

from config import SettingError
from scheduler import NotReady, create_app, prepare_to_serve

CANNOT_START = 3
"""gunicorn gives up on this exit code instead of starting the worker again and again."""

try:
    app = create_app()
    prepare_to_serve(app)
    # What is loaded by now stays. Looking through it for garbage would hold up an answer by 100 ms now and then.
    gc.collect()
    gc.freeze()
except (SettingError, NotReady) as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(CANNOT_START)
