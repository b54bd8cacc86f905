"""What browsers are told about every answer: load nothing from elsewhere, be framed by nobody, leak nothing."""

from flask import Flask, Response

CONTENT_SECURITY_POLICY = "; ".join(
    f"{kind} {source}"
    for kind, source in {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }.items()
)
"""Scripts that set styles (the calendar, htmx) do it through the CSSOM, which style-src 'self' allows."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ONE_YEAR = "max-age=31536000"


def register(app: Flask) -> None:
    """Add the headers that a view has not set itself; HSTS where the desk is opened by https."""
    headers = dict(HEADERS)
    if app.config["SETTINGS"].base_url.startswith("https:"):
        headers["Strict-Transport-Security"] = ONE_YEAR

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response
