"""Reading reports about our mails: delivery status notifications (RFC 3464), complaints (RFC 5965), older bounces.

What arrives is written by strangers: whatever cannot be understood, or is not about one of our own Message-IDs, is
no report. Answers, automatic replies and calendar programs' replies are none either.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message as Mail

from scheduler.mail.fields import one_line
from scheduler.usecases.messages.returns import Report, ReportKind

LONGEST_REASON = 300
_OURS = r"<([0-9a-f]{32})@%s>"
_TYPE = re.compile(r"^\s*[\w.+-]+\s*;\s*")
"""Of an address or diagnostic, such as "smtp; "."""
_REPLY = re.compile(r"\b[45]\d\d[ -][^\r\n]*")


def read_reports(raw: bytes, domain: str) -> list[Report]:
    """What a mail reports of mails with Message-IDs at ``domain``; empty if it is no report."""
    try:
        mail = message_from_bytes(raw)
        found = _complaint(mail) or _returned(mail) or _old_bounce(mail)
        if found is None:
            return []
        kind, reason = found
        return [Report(kind, number, reason) for number in sorted(_our_ids(mail, domain))]
    except (LookupError, ValueError, TypeError, AttributeError):  # the email package on malformed mails
        return []


def _complaint(mail: Mail) -> tuple[ReportKind, str] | None:
    """A feedback report of abuse; other types (not-spam, auth-failure) need nobody's care."""
    for part in _parts(mail, "message/feedback-report"):
        fields = "\n".join(str(block) for block in _blocks(part))
        if re.search(
            r"^feedback-type:\s*(abuse|fraud|opt-out|complaint)\b", fields, re.IGNORECASE | re.MULTILINE
        ):
            return ReportKind.UNWANTED, ""
    return None


def _returned(mail: Mail) -> tuple[ReportKind, str] | None:
    """A notification that some recipient's mail was given up; delays and successes are none."""
    for part in _parts(mail, "message/delivery-status"):
        for block in _blocks(part):
            if _word(block["Action"]).lower() == "failed":
                return ReportKind.RETURNED, _reason(block)
    return None


def _reason(block: Mail) -> str:
    diagnostic = _TYPE.sub("", _word(block["Diagnostic-Code"]))
    status = _word(block["Status"])
    reason = diagnostic or status or "the mail server gave no reason"
    if status and status not in reason:
        reason = f"{status} {reason}"
    return reason[:LONGEST_REASON]


def _old_bounce(mail: Mail) -> tuple[ReportKind, str] | None:
    """A bounce in words only, as Exim wrote them: it names who failed, and quotes the server."""
    if mail["X-Failed-Recipients"] is None:
        return None
    said = _REPLY.search(_text(mail))
    reason = one_line(said.group()) if said else "the mail server gave no reason"
    return ReportKind.RETURNED, reason[:LONGEST_REASON]


def _our_ids(mail: Mail, domain: str) -> set[str]:
    """Message-IDs of ours: in the returned headers, else in what the report answers, else in its words."""
    ours = re.compile(_OURS % re.escape(domain), re.IGNORECASE)
    returned = [
        _word(block["Message-ID"])
        for kind in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
        for part in _parts(mail, kind)
        for block in _blocks(part)
    ]
    answered = [_word(mail["In-Reply-To"]), _word(mail["References"])]
    for source in (returned, answered, [_text(mail)]):
        found = {number.lower() for text in source for number in ours.findall(text)}
        if found:
            return found
    return set()


def _parts(mail: Mail, kind: str) -> Iterator[Mail]:
    """Parts of a type; not those within a returned mail."""
    for part in _walk(mail, depth=0):
        if part.get_content_type() == kind:
            yield part


def _walk(mail: Mail, depth: int) -> Iterator[Mail]:
    yield mail
    if mail.get_content_maintype() == "multipart" and mail.is_multipart() and depth < 5:
        for part in mail.get_payload():
            if isinstance(part, Mail):
                yield from _walk(part, depth + 1)


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of header lines in a part, however it is encoded."""
    payload = part.get_payload()
    if isinstance(payload, list) and any(len(block.keys()) for block in payload if isinstance(block, Mail)):
        yield from (block for block in payload if isinstance(block, Mail))
        return
    decoded = part.get_payload(decode=True)
    if decoded is None and isinstance(payload, list):
        decoded = "\n\n".join(str(block) for block in payload).encode("utf-8", "replace")
    for group in re.split(rb"\r?\n\r?\n", decoded if isinstance(decoded, bytes) else b""):
        yield message_from_bytes(group.lstrip())


def _text(mail: Mail) -> str:
    """The words of the first text part."""
    for part in _walk(mail, depth=0):
        if part.get_content_type() == "text/plain":
            decoded = part.get_payload(decode=True)
            return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else ""
    return ""


def _word(value: object) -> str:
    return one_line(str(value)) if value is not None else ""
