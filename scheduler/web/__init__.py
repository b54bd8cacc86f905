"""The desk: reception's screens, one module per screen. A new screen is one line in SCREENS."""

from flask import Flask, request

from scheduler.extensions import babel, csrf
from scheduler.web import (
    absences,
    appointments,
    board,
    booking,
    calendar_pages,
    capacity,
    chart_drawing,
    dev_inbox,
    diary,
    formats,
    gaps,
    headers,
    layout,
    messages,
    offer_page,
    outcomes,
    own_choices,
    patient_actions,
    patient_links,
    patient_side,
    patient_side_times,
    patients,
    plan_life,
    plans,
    repairs,
    reports,
    session,
    settings,
    setup,
    sign_in,
    static_files,
    tasks,
    transfer,
    waitlist,
    words,
)

SCREENS = (
    layout,
    own_choices,
    sign_in,
    diary,
    booking,
    appointments,
    patients,
    patient_actions,
    patient_links,
    outcomes,
    plans,
    plan_life,
    repairs,
    board,
    capacity,
    gaps,
    waitlist,
    offer_page,
    patient_side,
    patient_side_times,
    absences,
    calendar_pages,
    messages,
    reports,
    tasks,
    settings,
    setup,
    transfer,
)
"""Modules that have a Blueprint named ``pages``."""


def register(app: Flask) -> None:
    """Join the screens to the application."""
    https = app.config["SETTINGS"].base_url.startswith("https:")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-form" if https else "form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=1_000_000,
        BABEL_TRANSLATION_DIRECTORIES="translations",
    )
    csrf.init_app(app)
    babel.init_app(app, locale_selector=formats.choose_locale, timezone_selector=formats.choose_zone)
    for part in (session, setup, transfer, headers, static_files, formats, chart_drawing, words, layout):
        part.register(app)
    app.before_request(refuse_forgeries)
    for screen in SCREENS:
        app.register_blueprint(screen.pages)
    if app.config["SETTINGS"].dev_inbox:
        app.register_blueprint(dev_inbox.pages)


def refuse_forgeries() -> None:
    """Ask for the CSRF token wherever the browser's cookies count."""
    if not request.path.startswith(session.WITHOUT_BROWSER):
        csrf.protect()
