"""How errors are told (RFC 9457)."""

from marshmallow import fields

from scheduler.api.schemas.common import Output, text, whole


class ProblemSchema(Output):
    """A problem document; some codes add members of their own, such as `current`, `resources`, `rules`, `field`."""

    type = text("urn:needletime:error:<code>")
    title = text("The status in words.")
    status = whole("The HTTP status.")
    detail = text("What is wrong and what would be right, in a sentence for people.")
    code = text("Stable; for programs.")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With invalid_input: sentences by field; nested fields are joined by dots."},
    )
