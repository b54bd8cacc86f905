"""A letter as a mail that is ready to be handed over."""

import logging
from datetime import datetime

from scheduler.mail.envelopes import Envelope, Mail, address_for_smtp, text_for_smtp
from scheduler.mail.render import render_letter
from scheduler.mail.tally import Mailer
from scheduler.usecases.messages.letters import Letter

log = logging.getLogger(__name__)


class Unwritable(Exception):
    """A letter that cannot become a mail, with the reason as a sentence."""


def write_mail(letter: Letter, mailer: Mailer, *, now: datetime) -> Mail:
    """Raises Unwritable, whatever is wrong: one letter must not hold up the others."""
    address = address_for_smtp(letter.recipient)
    if address is None:
        raise Unwritable(f"This is not an email address: {letter.recipient!r}.")
    try:
        addressed = letter._replace(recipient=address)
        mail = render_letter(addressed, mailer.mail_from, mailer.site, now=now)
    except Exception as error:
        log.exception("message %s cannot be written", letter.id)
        raise Unwritable(f"The mail could not be written: {error!r}.") from error
    return Mail(letter, Envelope(mailer.mail_from, address), text_for_smtp(mail))
