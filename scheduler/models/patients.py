"""Who is treated: Patient, Consent, and the words by which a patient is found."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Instant, Key, Name, NullableJson, Prose, Word


class Patient(Base):
    """A person who is treated."""

    __tablename__ = "patients"
    __table_args__ = (Index(None, "reference", unique=True),)

    id: Mapped[Key]
    given_name: Mapped[Name]
    family_name: Mapped[Name]
    email: Mapped[str | None] = mapped_column(String(320))
    phone: Mapped[Word | None]
    born_on: Mapped[date | None]
    locale: Mapped[Word | None]
    zone: Mapped[Word | None]
    """IANA zone for quiet hours where it differs from the location's."""
    wants_reminders: Mapped[bool] = mapped_column(default=True)
    wants_invitations: Mapped[bool] = mapped_column(default=False)
    """Mails bring each appointment as an invitation (iMIP), for those who subscribe to no calendar."""
    muted_kinds: Mapped[list[str]] = mapped_column(default=list)
    """Kinds of mails that the patient does not want, besides reminders."""
    reminder_offsets_minutes: Mapped[list[int] | None] = mapped_column(NullableJson)
    """Instead of the clinic's own; null: as the clinic."""
    address_failed_at: Mapped[datetime | None]
    """When mail to the present address came back; null: nothing is known against it."""
    attention: Mapped[Prose] = mapped_column(default="")
    """What whoever opens the record must see first, such as an unpaid bill. Seen by staff only."""
    reference: Mapped[Word | None]
    """The number under which another system knows this patient: an import finds them again by it."""
    notes: Mapped[Prose] = mapped_column(default="")
    """Free text for reception."""
    cautions: Mapped[list[str]]
    """Codes of clinical cautions (anticoagulants, pregnancy, …)."""
    created_at: Mapped[Instant]
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    consents: Mapped[list["Consent"]] = relationship(order_by="Consent.given_on")

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"


class Consent(Base):
    """A consent given by a patient, in force on [given_on, withdrawn_on)."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("withdrawn_on IS NULL OR given_on <= withdrawn_on", name="order"),
        Index(None, "patient_id", "kind"),
    )

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[Word]
    """What is agreed to, for example dry_needling."""
    version: Mapped[Word]
    """Edition of the text that was signed."""
    given_on: Mapped[date]
    withdrawn_on: Mapped[date | None]


class PatientLink(Base):
    """The secret address of a patient's own page; only the hash of the secret is kept."""

    __tablename__ = "patient_links"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "patient_id"))

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256, hex, of the 256-bit secret."""
    nonce: Mapped[Word]
    """With the service's key it makes the secret anew, for the next mail."""
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """To the hour."""


class PatientTerm(Base):
    """One folded word (name part, phone digits, birth date) by whose beginning a patient is found."""

    __tablename__ = "patient_terms"
    __table_args__ = (
        PrimaryKeyConstraint("term", "patient_id", name="pk_patient_terms"),
        Index(None, "patient_id"),
    )

    term: Mapped[str] = mapped_column(String(80, collation="C").with_variant(String(80), "sqlite"))
    """Lower case, without accents; compared bytewise so that a prefix is a range of the index."""
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id", ondelete="CASCADE"))
