"""The WSGI entry point: ``app`` for granian, gunicorn and ``flask --app wsgi``."""

from scheduler import create_app, prepare_to_serve

app = create_app()
prepare_to_serve(app)
