"""The clinic's own words for its mails: what is stored, changing it, and going back to what is shipped."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import NotFound, StaleVersion
from scheduler.models import Clinic, MailTemplate
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import LANGUAGES, find_to_change, one_line, prose
from scheduler.usecases.messages.own_words import FIELDS, OwnWords, Stored, check_words

PARTS = ("subject", "lead", "closing")


@reading
def list_mail_templates(session: Session) -> dict[tuple[str, str], MailTemplate]:
    """(kind, language) -> the clinic's own words, where there are any."""
    return {(row.kind, row.locale): row for row in session.scalars(select(MailTemplate))}


@reading
def find_mail_template(session: Session, kind: str, locale: str) -> MailTemplate | None:
    """The clinic's own words of a kind in a language, if there are any. Raises NotFound for what is no mail."""
    _refuse_unknown(kind, locale)
    return _stored(session, kind, locale)


@writing
def change_mail_template(
    session: Session, kind: str, locale: str, words: OwnWords, *, version: int, actor: Actor, now: datetime
) -> MailTemplate:
    """Store words; mails sent from now on use them. ``version`` is the one that was seen, 0 where nothing was stored.

    Raises NotFound, StaleVersion, or InvalidInput with the field, the line and the reason where a text is broken.
    """
    row = _row_as_seen(session, kind, locale, version)
    clean = tidy_words(words)
    check_words(kind, clean)
    if row is None:
        row = MailTemplate(kind=kind, locale=locale, version=0, subject="", lead="", closing="")
        session.add(row)
    changed = [part for part in PARTS if getattr(row, part) != getattr(clean, part)]
    row.subject, row.lead, row.closing = clean
    row.version += 1
    row.changed_at = now
    session.flush()
    note_deed(
        session,
        actor,
        "mail_template_changed",
        "mail_template",
        row.id,
        now=now,
        kind=kind,
        locale=locale,
        fields=changed,
    )
    return row


@writing
def reset_mail_template(
    session: Session, kind: str, locale: str, *, version: int, actor: Actor, now: datetime
) -> None:
    """Go back to the shipped words; nothing happens where they hold already. Raises NotFound or StaleVersion."""
    row = _row_as_seen(session, kind, locale, version)
    if row is None:
        return
    note_deed(
        session,
        actor,
        "mail_template_reset",
        "mail_template",
        row.id,
        now=now,
        kind=kind,
        locale=locale,
        before={part: getattr(row, part) for part in PARTS},
    )
    session.delete(row)


def tidy_words(words: OwnWords) -> OwnWords:
    """Words without what cannot be printed. Raises InvalidInput where one is too long."""
    return OwnWords(
        one_line("subject", words.subject), prose("lead", words.lead), prose("closing", words.closing)
    )


def own_words(session: Session) -> Stored:
    """All words that are stored, in one query."""
    rows = session.execute(
        select(
            MailTemplate.kind,
            MailTemplate.locale,
            MailTemplate.subject,
            MailTemplate.lead,
            MailTemplate.closing,
        )
    )
    return {(kind, locale): OwnWords(subject, lead, closing) for kind, locale, subject, lead, closing in rows}


def _row_as_seen(session: Session, kind: str, locale: str, version: int) -> MailTemplate | None:
    """The row, which nobody else changes until the transaction ends."""
    _refuse_unknown(kind, locale)
    find_to_change(
        session, Clinic, 1
    )  # the one row that is always there: two who begin at once wait for each other
    row = _stored(session, kind, locale)
    stored = row.version if row else 0
    if stored != version:
        raise StaleVersion(current={"version": stored})
    return row


def _stored(session: Session, kind: str, locale: str) -> MailTemplate | None:
    query = select(MailTemplate).where(MailTemplate.kind == kind, MailTemplate.locale == locale)
    return session.scalars(query.execution_options(populate_existing=True)).first()


def _refuse_unknown(kind: str, locale: str) -> None:
    if kind not in FIELDS or locale not in LANGUAGES:
        raise NotFound("There is no such mail.")
