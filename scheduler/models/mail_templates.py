"""The clinic's own words for its mails: MailTemplate."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base, Instant, Key, Name, Prose, Word, one_of
from scheduler.models.messages import MessageKind


class MailTemplate(Base):
    """Words for one kind of mail in one language, instead of those that are shipped; deleting it is the way back."""

    __tablename__ = "mail_templates"
    __table_args__ = (one_of("kind", MessageKind), UniqueConstraint("kind", "locale"))

    id: Mapped[Key]
    kind: Mapped[Word]
    locale: Mapped[Word]
    subject: Mapped[Name]
    lead: Mapped[Prose]
    """What stands above the dates."""
    closing: Mapped[Prose]
    """What stands below them."""
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[Instant]
