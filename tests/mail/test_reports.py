"""Returned mails of several mail servers, complaints, and what is none of it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.mail.reports import LONGEST_REASON, read_reports
from scheduler.usecases.messages.returns import Report, ReportKind

FOLDER = Path(__file__).parent / "returned"
NUMBER = "0123456789abcdef" * 2
DOMAIN = "clinic.example"


def sample(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("postfix", "550 5.1.1 <paul.pain@mail.example>: Recipient address rejected: User unknown"),
        ("exim", "5.0.0 550 5.7.1 no such user here"),
        ("exim_old", "552 5.2.2 mailbox is full"),
        (
            "exchange",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
        ("gmail", "550-5.1.1 The email account that you tried to reach does not exist."),
    ],
)
def test_a_returned_mail_is_known_by_its_message_id(name: str, reason: str, ends: bytes) -> None:
    raw = sample(name).replace(b"\n", ends)
    (report,) = read_reports(raw, DOMAIN)
    assert (report.kind, report.message_id) == (ReportKind.RETURNED, NUMBER)
    assert report.reason == reason


def test_a_complaint_is_known_by_its_message_id() -> None:
    assert read_reports(sample("complaint"), DOMAIN) == [Report(ReportKind.UNWANTED, NUMBER, "")]


@pytest.mark.parametrize("name", ["postfix_delayed", "out_of_office", "calendar_reply"])
def test_delays_answers_and_calendar_replies_are_no_reports(name: str) -> None:
    assert read_reports(sample(name), DOMAIN) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@clinic.example>\nMIME", b"@other.example>\nMIME"),
        (NUMBER.encode(), b"a-message-of-somebody-else"),
        (b"Action: failed", b"Action: delivered"),
        (b"Action: failed", b"Acton: failed"),
        (b"message/delivery-status", b"text/x-other"),
        (b"boundary=", b"bounary="),
    ],
)
def test_what_is_not_about_our_mails_or_broken_is_no_report(old: bytes, new: bytes) -> None:
    assert read_reports(sample("postfix").replace(old, new), DOMAIN) == []


def test_a_report_without_a_diagnosis_names_the_status() -> None:
    raw = b"\n".join(
        line
        for line in sample("exchange").splitlines()
        if b"Diagnostic" not in line and b"not found by" not in line
    )
    assert [report.reason for report in read_reports(raw, DOMAIN)] == ["5.1.10"]


def test_reasons_are_one_short_line() -> None:
    raw = sample("exim").replace(b"no such user here", b"no\x00 \xff such\n " + b"user " * 200)
    (report,) = read_reports(raw, DOMAIN)
    assert len(report.reason) == LONGEST_REASON
    assert report.reason.isprintable()


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(path.stem for path in FOLDER.iterdir())),
    cut=st.integers(0, 3000),
    noise=st.binary(max_size=40),
    length=st.integers(0, 200),
)
def test_no_mangled_mail_stops_the_reader(name: str, cut: int, noise: bytes, length: int) -> None:
    raw = sample(name)
    reports = read_reports(raw[:cut] + noise + raw[cut + length :], DOMAIN)
    assert {report.message_id for report in reports} <= {NUMBER}
