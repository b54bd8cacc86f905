"""The addresses by which a person adds their feed to a calendar."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True, repr=False)
class FeedLinks:
    """One feed's addresses; all of them hold the secret, so printing this object shows none."""

    url: str
    """https, the one to offer first: several clients fetch webcal addresses without encryption."""
    webcal_url: str
    """Opens the calendar program of a phone or computer."""
    google_url: str
    outlook_url: str


def feed_links(base_url: str, secret: str, *, name: str = "") -> FeedLinks:
    """The addresses of the feed with this secret; ``name`` is what Outlook proposes to call it."""
    url = f"{base_url}/feeds/{secret}.ics"
    webcal_url = "webcal" + url[url.index(":") :]
    query = {"url": url} | ({"name": name} if name else {})
    return FeedLinks(
        url=url,
        webcal_url=webcal_url,
        google_url=f"https://calendar.google.com/calendar/r?{urlencode({'cid': webcal_url}, quote_via=quote)}",
        outlook_url=f"https://outlook.live.com/calendar/0/addfromweb?{urlencode(query, quote_via=quote)}",
    )
