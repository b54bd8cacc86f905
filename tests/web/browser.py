"""A browser without scripts: keeps cookies, sends forms with the token that the last page held."""

import html
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.factories import PASSWORD


class Browser:
    """A thin layer over Flask's test client; follows no redirects."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        return self._remember(self.client.get(path, headers=_names(headers)))

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form of the page that was open."""
        data = {"csrf_token": self.token, **(form or {})}
        return self._remember(self.client.post(path, data=data, headers=_names(headers)))

    def sign_in(self, name: str = "reception", password: str = PASSWORD, goal: str = "/") -> TestResponse:
        """Sign in; the token is then the one of the signed-in pages."""
        self.get("/sign-in")
        answer = self.post("/sign-in", {"email": name, "password": password, "next": goal})
        if answer.status_code == 303:
            self.get("/account")
        return answer

    def _remember(self, response: TestResponse) -> TestResponse:
        if response.mimetype != "text/html":
            return response
        found = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', response.text)
        if found:
            self.token = found[1]
        return response


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def alert(answer: TestResponse) -> str:
    """The sentence of the only alert of a page."""
    (sentence,) = re.findall(r'role="alert">.*?<span>(.*?)</span>', answer.text)
    return html.unescape(sentence)
