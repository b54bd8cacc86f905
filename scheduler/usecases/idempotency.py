"""Doing a POST once however often it arrives: the key is stored in the transaction that did it."""

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import IdempotencyKeyReused
from scheduler.models.audit import IdempotencyKey
from scheduler.transaction import lock_resources
from scheduler.usecases.actors import Actor


@dataclass(slots=True)
class Idempotency:
    """An Idempotency-Key and the SHA-256 of the request it came with."""

    key: str
    fingerprint: str
    replayed: bool = False
    """Set by recall: the request was carried out before."""


def recall(session: Session, actor: Actor, asked: Idempotency | None) -> list[int] | None:
    """The identities that the same request produced before, or None if it is new.

    Raises IdempotencyKeyReused when the key came with another request. To be called first in the transaction: of
    copies that race, one goes on and the others wait here for its result, lest they find the slot taken by it.
    """
    if asked is None:
        return None
    lock_resources(session, [("request", crc32(f"{actor.key} {asked.key}".encode()) >> 1)])
    known = session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.actor == actor.key, IdempotencyKey.key == asked.key)
    )
    if known is None:
        return None
    if known.fingerprint != asked.fingerprint:
        raise IdempotencyKeyReused
    asked.replayed = True
    return known.result_ids


def remember(
    session: Session, actor: Actor, asked: Idempotency | None, result_ids: list[int], *, now: datetime
) -> None:
    """Keep what a request produced, in the same transaction."""
    if asked is not None:
        session.add(
            IdempotencyKey(
                actor=actor.key,
                key=asked.key,
                fingerprint=asked.fingerprint,
                result_ids=result_ids,
                created_at=now,
            )
        )
