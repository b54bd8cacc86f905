"""What is stored of passwords, and whether one is right."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scheduler.errors import InvalidInput

SHORTEST, LONGEST = 10, 200

hasher = PasswordHasher()
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$BMrgFZK+VhPrClgcbSV2Vw$cDoz4/kX/FiK+YmtFlVkwbt/2xDxgnrGBjocON9IR/k"
"""Verified for unknown names, so that they take as long as known ones; of a random password that nobody kept.

Written down, for otherwise every command would begin with making one.
"""


def hash_password(password: str) -> str:
    """What is stored of a password. Raises InvalidInput if it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput("A password has 10 to 200 characters.", field="password")
    return hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether a password is the one of a hash; takes some hundredths of a second either way."""
    try:
        return hasher.verify(password_hash, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
