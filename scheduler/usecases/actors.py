"""Who asks for something to be done, as the use cases see it."""

from dataclasses import dataclass

from scheduler.models.staff import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program that acts; plain values, so that any floor can make one."""

    kind: str
    """staff, api_key, command or clock."""
    id: int | None
    name: str
    role: Role
    source: str
    """Network address, or cli, or clock."""

    @property
    def key(self) -> str:
        """Short identity, for idempotency keys and lease names."""
        return f"{self.kind}:{self.id or self.name}"


CLOCK = Actor(kind="clock", id=None, name="clock", role=Role.ADMIN, source="clock")
COMMAND = Actor(kind="command", id=None, name="command line", role=Role.ADMIN, source="cli")
