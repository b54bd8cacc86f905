"""The parts of a mail: text, HTML and, where there are invitations, calendars.

One invitation: mixed{alternative{plain, html, calendar}, the same as a file}, which calendar programs that show an
invitation in place and those that open files both understand. Several (a series): mixed{alternative{plain, html},
a file each}: in one REQUEST all events must be of one UID, and in the alternative part the first would hide the others.
"""

import binascii
from collections.abc import Sequence
from typing import NamedTuple

MIXED = "=_m"
"""Begins the outer boundary; neither boundary may be the beginning of the other."""


class Invitation(NamedTuple):
    """A calendar and its method, REQUEST or CANCEL."""

    method: str
    calendar: bytes


def text_part(content_type: str, text: str) -> bytes:
    """A part of words, with its headers and CRLF line ends."""
    return _quoted(f"{content_type}; charset=utf-8", text.replace("\n", "\r\n").encode())


def with_invitations(parts: Sequence[bytes], invitations: Sequence[Invitation], boundary: str) -> list[bytes]:
    """Everything from Content-Type on; ``parts`` are alternatives of one another, the best one last.

    The boundary must not occur in quoted-printable or base64.
    """
    if not invitations:
        return _multipart("alternative", parts, boundary)
    if len(invitations) == 1:
        parts = [*parts, _in_place(invitations[0])]
    files = [
        _file(invitation, _file_name(number, len(invitations)))
        for number, invitation in enumerate(invitations, 1)
    ]
    inner = b"".join(_multipart("alternative", parts, boundary))
    return _multipart("mixed", [inner, *files], MIXED + boundary)


def _multipart(kind: str, parts: Sequence[bytes], boundary: str) -> list[bytes]:
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()]
    for part in parts:
        lines += [f"--{boundary}\r\n".encode(), part, b"\r\n"]
    return [*lines, f"--{boundary}--\r\n".encode()]


def _in_place(invitation: Invitation) -> bytes:
    return _quoted(f"text/calendar; charset=utf-8; method={invitation.method}", invitation.calendar)


def _file(invitation: Invitation, name: str) -> bytes:
    head = (
        f'Content-Type: application/ics; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    encoded = binascii.b2a_base64(invitation.calendar, newline=False)
    lines = [encoded[at : at + 76] for at in range(0, len(encoded), 76)]
    return head.encode() + b"\r\n".join(lines)


def _file_name(number: int, count: int) -> str:
    """Tells nothing: names of files stand in lists and on locked screens."""
    return "appointment.ics" if count == 1 else f"appointment-{number}.ics"


def _quoted(content_type: str, body: bytes) -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + binascii.b2a_qp(body, istext=True)
