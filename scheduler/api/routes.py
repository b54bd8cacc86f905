"""What the routes of every noun share: the prefix, recognising the caller, strict parsing."""

from typing import Any

from flask_smorest import Blueprint

from scheduler.api import auth
from scheduler.api.parsing import StrictParser

PREFIX = "/api/v1"
BLUEPRINT_PREFIX = "api_"
"""The desk's screens are blueprints of the same application and have the plain names."""


class Routes(Blueprint):
    """The routes of one noun; its name and description head them in the documentation."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, noun: str, description: str) -> None:
        super().__init__(BLUEPRINT_PREFIX + noun, __name__, url_prefix=PREFIX, description=description)
        self.before_request(auth.recognise)

    def created(self, schema: Any, what: str) -> Any:
        """Document a 201 with the address of what was made."""
        location = {"description": f"The address of the {what}.", "schema": {"type": "string"}}
        return self.response(201, schema, headers={"Location": location})


def heading(name: str) -> str:
    """What the documentation calls a blueprint: ``api_feed_tokens`` is Feed tokens."""
    return name.removeprefix(BLUEPRINT_PREFIX).replace("_", " ").capitalize()
