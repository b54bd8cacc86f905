"""Needletime: appointments and treatment plans for dry-needling clinics."""

import sys

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings, read_settings
from scheduler import api, cli, feeds, health, http_errors, jobs, logs, models, web
from scheduler.extensions import db, migrate
from scheduler.readiness import NotReady, refuse_unfit_database, setup_announcement
from scheduler.transaction import prepare_engine

__all__ = ["NotReady", "create_app", "models", "prepare_to_serve"]


def create_app(settings: Settings | None = None) -> Flask:
    """Join the parts into one WSGI application; raises SettingError when a setting is wrong."""
    settings = settings or read_settings()
    app = Flask(__name__, template_folder="web/templates", static_folder=None)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        # An error that quotes its statement must not put what patients entered into the log.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
    )
    logs.configure(settings.log_level)
    db.init_app(app)
    migrate.init_app(app, directory="migrations")
    with app.app_context():
        prepare_engine(db.engine)
    feeds.register(app)
    health.register(app)
    web.register(app)
    api.register(app)
    http_errors.register(app)
    if settings.trusted_proxies:
        believed = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=believed, x_proto=believed)  # type: ignore[method-assign]
    cli.register(app)
    return app


def prepare_to_serve(app: Flask) -> None:
    """Refuse to serve from a database whose guards do not hold; say where a clinic is set up; start the clock.

    Does nothing in ``flask …`` commands. Raises NotReady.
    """
    settings: Settings = app.config["SETTINGS"]
    if not settings.serving:
        return
    with app.app_context():
        refuse_unfit_database()
        sys.stderr.write(setup_announcement(settings.base_url, settings.secret_key))
    if settings.run_clock:
        jobs.start_clock(app)
