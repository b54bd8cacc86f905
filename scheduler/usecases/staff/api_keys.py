"""Keys of programs that call the REST API; only a key's hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.models.staff import ApiKey, Role
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed

PREFIX = "ntk_"
"""Makes a leaked key recognisable to secret scanners."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; ``key`` is known only now."""

    id: int
    key: str


@writing
def issue_api_key(session: Session, name: str, role: Role, *, actor: Actor, now: datetime) -> IssuedKey:
    """Make a key of 256 random bits. Raises InvalidInput, or Conflict when the name is taken."""
    name = name.strip()
    if not name or len(name) > 200:
        raise InvalidInput("Give the key a name (at most 200 letters) that says who uses it.", field="name")
    if session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise Conflict("There is already a key named %(name)s.", name=name, field="name")
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(name=name, key_hash=_hash(key), role=role.value, created_at=now)
    session.add(row)
    session.flush()
    note_deed(session, actor, "api_key_issued", "api_key", row.id, now=now, name=name, role=role.value)
    return IssuedKey(id=row.id, key=key)


@writing
def revoke_api_key(session: Session, name: str, *, actor: Actor, now: datetime) -> None:
    """Make a key useless from now on. Raises NotFound."""
    row = session.scalar(select(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None)))
    if row is None:
        raise NotFound("There is no key in use named %(name)s.", name=name)
    row.revoked_at = now
    note_deed(session, actor, "api_key_revoked", "api_key", row.id, now=now, name=name)


@reading
def list_api_keys(session: Session) -> list[ApiKey]:
    """Every key by name, the revoked ones last."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.name)))


@reading
def actor_for_api_key(session: Session, key: str, *, source: str) -> Actor | None:
    """Who calls with this key, or None for an unknown or revoked one; ``source`` is the network address."""
    row = session.execute(
        select(ApiKey.id, ApiKey.name, ApiKey.role).where(
            ApiKey.key_hash == _hash(key), ApiKey.revoked_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return Actor(kind="api_key", id=row.id, name=row.name, role=Role(row.role), source=source)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
