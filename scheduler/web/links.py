"""Addresses that come from a request and are followed only if they stay here."""

from urllib.parse import urlsplit

HOME = "/"


def local_path(target: str | None) -> str:
    """``target`` if it is a path of this site, else the start page: nobody is sent elsewhere after signing in."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return HOME
    if any(letter in target for letter in "\\\r\n\t\0") or not target.isprintable():
        return HOME
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else HOME
