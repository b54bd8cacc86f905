"""The addresses of our own pages that mails link to."""

from datetime import date, datetime
from typing import NamedTuple

from scheduler.usecases.links import offer_link, offer_secret, patient_page, patient_secret
from scheduler.usecases.messages.letters import OwnLink


class Site(NamedTuple):
    """Where people open the service, and the key that secrets in links are made with."""

    base_url: str
    secret_key: str

    def offer(self, turn_id: int, asked_at: datetime) -> str:
        """The page on which a patient answers an offer; whoever has the address may answer."""
        return offer_link(self.base_url, offer_secret(self.secret_key, turn_id, asked_at))

    def patient(self, link: OwnLink) -> str:
        """The patient's own page; whoever has the address may open it."""
        return patient_page(self.base_url, patient_secret(self.secret_key, link.link_id, link.nonce))

    def check_in(self, link: OwnLink) -> str:
        """The same, where it asks how the patient is."""
        return f"{self.patient(link)}#check-in"

    def stop(self, link: OwnLink, name: str) -> str:
        """What a mail program posts to when its reader wants no more mails of a sort."""
        return f"{self.patient(link)}/stop/{name}"

    @property
    def behind(self) -> str:
        """The behind board, for who signs in."""
        return f"{self.base_url}/behind"

    def diary(self, on: date) -> str:
        """The diary of a day, for who signs in."""
        return f"{self.base_url}/diary?on={on.isoformat()}"

    def __repr__(self) -> str:
        return f"Site({self.base_url!r})"
