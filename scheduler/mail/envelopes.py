"""What a mail looks like to SMTP: checked addresses, and a text that ends where it should."""

import re
import unicodedata
from typing import NamedTuple

from scheduler.usecases.messages.letters import Letter

LONGEST_ADDRESS = 254
_ADDRESS = re.compile(r"""[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+""")


class Envelope(NamedTuple):
    """Who sends to whom, as checked by ``address_for_smtp``."""

    sender: str
    recipient: str

    @property
    def needs_utf8(self) -> bool:
        """Whether an address has letters before the @ that only SMTPUTF8 can carry."""
        return not (self.sender + self.recipient).isascii()


class Mail(NamedTuple):
    """A letter ready to go."""

    letter: Letter
    envelope: Envelope
    text: bytes
    """As ``text_for_smtp`` made it."""

    @property
    def domain(self) -> str:
        """Of the recipient."""
        return self.envelope.recipient.rpartition("@")[2].lower()


def address_for_smtp(address: str) -> str | None:
    """An address as it may stand in SMTP and in a header, its domain in ASCII; None if it is not one."""
    if not _ADDRESS.fullmatch(address) or len(address) > LONGEST_ADDRESS:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local}@{'.'.join(map(_ascii_label, domain.split('.')))}"


def _ascii_label(label: str) -> str:
    # Not Python's "idna": it is of 2003 and takes straße for strasse, which is somebody else's.
    if label.isascii():
        return label
    return "xn--" + unicodedata.normalize("NFC", label.lower()).encode("punycode").decode()


def text_for_smtp(mail: bytes) -> bytes:
    """A mail with CRLF line ends as it goes over the wire, dots doubled, without the last line that makes it count."""
    stuffed = mail.replace(b"\r\n.", b"\r\n..") if b"\r\n." in mail else mail
    return (b"." if mail.startswith(b".") else b"") + stuffed
