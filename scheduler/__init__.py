"""Needletime: appointments and treatment plans for dry-needling clinics."""

from flask import Flask

from config import Settings, read_settings
from scheduler import api, feeds, health, http_errors, logs, models, web
from scheduler.extensions import db, migrate
from scheduler.transaction import prepare_engine

__all__ = ["create_app", "models", "prepare_to_serve"]


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
    return app


def prepare_to_serve(app: Flask) -> None:
    """Refuse to serve from a database whose guards do not hold; start the clock where it was asked for."""
