"""The addresses by which a person adds their feed."""

from urllib.parse import parse_qs, urlsplit

from scheduler.calendars.links import feed_links

SECRET = "a-secret_of_43_letters"


def test_the_plain_address_comes_from_the_base_url() -> None:
    assert feed_links("https://desk.example/app", SECRET).url == (
        "https://desk.example/app/feeds/a-secret_of_43_letters.ics"
    )


def test_the_webcal_address_replaces_the_scheme() -> None:
    assert feed_links("http://127.0.0.1:8000", SECRET).webcal_url == (
        "webcal://127.0.0.1:8000/feeds/a-secret_of_43_letters.ics"
    )


def test_google_is_given_the_webcal_address() -> None:
    links = feed_links("https://desk.example", SECRET)
    parts = urlsplit(links.google_url)
    assert (parts.netloc, parts.path) == ("calendar.google.com", "/calendar/r")
    assert parse_qs(parts.query) == {"cid": [links.webcal_url]}
    assert "%3A%2F%2F" in parts.query


def test_outlook_is_given_the_https_address_and_a_name() -> None:
    links = feed_links("https://desk.example", SECRET, name="Needle & Point")
    parts = urlsplit(links.outlook_url)
    assert (parts.netloc, parts.path) == ("outlook.live.com", "/calendar/0/addfromweb")
    assert parse_qs(parts.query) == {"url": [links.url], "name": ["Needle & Point"]}
    assert "Needle%20%26%20Point" in parts.query


def test_printing_the_links_does_not_show_the_secret() -> None:
    assert SECRET not in repr(feed_links("https://desk.example", SECRET))
