"""Which family of calendar programs fetches a feed: only the family is kept, never what the program says of itself."""

FAMILIES = (
    ("google", ("google",)),
    ("thunderbird", ("thunderbird", "betterbird")),
    ("outlook", ("outlook", "microsoft", "exchange", "office365", "ms-office")),
    (
        "apple",
        ("dataaccessd", "calendaragent", "accountsd", "ical/", "cfnetwork", "ios/", "macos/", "mac os x/"),
    ),
)
"""Family -> what its programs' User-Agent contains, in small letters; the first that fits counts."""
OTHER = "other"


def client_family(user_agent: str) -> str:
    """google, apple, outlook, thunderbird or other."""
    told = user_agent.lower()
    return next((family for family, marks in FAMILIES if any(mark in told for mark in marks)), OTHER)
