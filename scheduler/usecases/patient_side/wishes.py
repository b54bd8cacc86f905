"""What a patient chooses on their own page: language, mails, and calendar addresses of their own."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, NotFound
from scheduler.models import Clinic, FeedDetail, FeedToken, MessageKind, Patient
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.tokens import hash_secret
from scheduler.usecases.links import calendar_secret
from scheduler.usecases.lookup import find
from scheduler.usecases.mail_choices import MUTABLE, checked_offsets
from scheduler.usecases.patient_side.links import Visitor
from scheduler.usecases.patients.registry import follow_change, known_details

K = MessageKind
REMINDERS = "reminders"
CALENDARS = ("Google", "Apple", "Outlook", "Other")
LOCALES = ("en", "de")
OFFSETS = (72 * 60, 24 * 60, 2 * 60)
"""How long before the page offers to remind; what was chosen elsewhere comes besides."""


@writing
def keep_wishes(
    session: Session,
    patient_id: int,
    *,
    locale: str,
    wants_reminders: bool,
    offsets_minutes: Collection[int],
    wants_invitations: bool,
    wanted: Collection[str],
    actor: Actor,
    now: datetime,
) -> Patient:
    """Keep language and mails; ``wanted`` are names of MUTABLE. Raises NotFound, InvalidInput.

    ``offsets_minutes``: how long before to be reminded; none, or what the clinic does anyway: as the clinic does it.
    """
    if locale not in LOCALES:
        raise InvalidInput("There are no words in that language.", field="locale")
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient_id)])
    session.refresh(patient)
    before = known_details(patient)
    known = {kind for kinds in MUTABLE.values() for kind in kinds}
    muted = [kind for name, kinds in MUTABLE.items() if name not in wanted for kind in kinds]
    patient.locale = locale if (patient.locale or "").partition("-")[0] != locale else patient.locale
    patient.wants_reminders, patient.wants_invitations = wants_reminders, wants_invitations
    as_the_clinic = set(offsets_minutes) == set(session.get_one(Clinic, 1).reminder_offsets_minutes)
    patient.reminder_offsets_minutes = checked_offsets(None if as_the_clinic else offsets_minutes)
    patient.muted_kinds = [kind for kind in patient.muted_kinds if kind not in known] + muted
    follow_change(session, patient, before, actor=actor, now=now)
    return patient


@writing
def keep_language(session: Session, patient_id: int, locale: str, *, actor: Actor, now: datetime) -> None:
    """Speak and write to the patient in a language from now on. Raises NotFound, InvalidInput."""
    if locale not in LOCALES:
        raise InvalidInput("There are no words in that language.", field="locale")
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient_id)])
    session.refresh(patient)
    before = known_details(patient)
    if (patient.locale or "").partition("-")[0] != locale:
        patient.locale = locale
        follow_change(session, patient, before, actor=actor, now=now)


@writing
def stop_mails(session: Session, patient_id: int, name: str, *, actor: Actor, now: datetime) -> None:
    """Send no more of one sort, "reminders" or a name of MUTABLE; harmless when repeated. Raises NotFound."""
    if name != REMINDERS and name not in MUTABLE:
        raise NotFound("There is no such sort of mails.")
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient_id)])
    session.refresh(patient)
    before, muted = known_details(patient), patient.muted_kinds
    if name == REMINDERS:
        patient.wants_reminders = False
    else:
        patient.muted_kinds = list(dict.fromkeys([*muted, *MUTABLE[name]]))
    if before != known_details(patient) or muted != patient.muted_kinds:
        follow_change(session, patient, before, actor=actor, now=now)


def sort_of(kind: str) -> str | None:
    """What a mail of this kind is switched off by; None: it is always sent."""
    if kind == K.REMINDER:
        return REMINDERS
    return next((name for name, kinds in MUTABLE.items() if kind in kinds), None)


@writing
def calendar_for(
    session: Session, visitor: Visitor, name: str, *, key: str, actor: Actor, now: datetime
) -> str:
    """The secret of the patient's calendar address for one program; made when it is first asked for, then the same.

    Its titles give nothing away. Once revoked at the desk, another one is made. Raises InvalidInput.
    """
    if name not in CALENDARS:
        raise InvalidInput("There is no such calendar.", field="name")
    lock_resources(session, [("patient", visitor.patient_id)])
    revoked = session.scalar(
        select(func.count())
        .select_from(FeedToken)
        .where(FeedToken.patient_id == visitor.patient_id, FeedToken.revoked_at.is_not(None))
    )
    for number in range((revoked or 0) + 1):
        secret = calendar_secret(key, visitor.link_id, visitor.nonce, name, number)
        token = session.scalars(select(FeedToken).where(FeedToken.token_hash == hash_secret(secret))).first()
        if token is not None and token.revoked_at is None:
            return secret
        if token is None:
            break
    token = FeedToken(
        token_hash=hash_secret(secret),
        patient_id=visitor.patient_id,
        name=name,
        detail=FeedDetail.MINIMAL.value,
        changed_at=now,
        created_at=now,
    )
    session.add(token)
    session.flush()
    note_deed(
        session,
        actor,
        "feed_token_issued",
        "feed_token",
        token.id,
        now=now,
        patient_id=visitor.patient_id,
        name=name,
        detail=token.detail,
    )
    return secret
