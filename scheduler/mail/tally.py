"""What a run of the dispatcher is given and what it tells: the mailer and the tally."""

from dataclasses import dataclass

from scheduler.mail.site import Site
from scheduler.mail.smtp_opening import Patience, Server
from scheduler.usecases.messages.dispatch import Verdict

PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Mailer:
    """Where mails are handed over, in whose name, and where their links lead."""

    server: Server
    mail_from: str
    site: Site
    patience: Patience = PATIENCE


@dataclass(slots=True)
class Tally:
    """How many attempts of a run ended how."""

    sent: int = 0
    retry: int = 0
    failed: int = 0
    unknown: int = 0

    def count(self, verdict: Verdict) -> None:
        """One more ended like this."""
        setattr(self, verdict.value, getattr(self, verdict.value) + 1)

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.retry} to try again, {self.failed} failed, {self.unknown} unknown"
