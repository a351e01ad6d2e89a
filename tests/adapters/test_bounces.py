"""Reading what mail servers write back."""

import pytest

from iop_schedule.adapters.messages import LONGEST_BOUNCE, Bounce, NotMail, read_bounces
from tests.bounces import report

ID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("original", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_names_our_message_and_the_address_we_wrote_to(original: str) -> None:
    (bounce,) = read_bounces(report(ID, original=original))
    assert bounce == Bounce(ID, "ana@example.net", failed=True, status="5.1.1")


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "no_mailbox"),
    [
        ("failed", "5.1.1", "", True),
        ("failed", "5.1.10 (null MX)", "", True),
        ("Failed", "5.2.1", "", True),
        ("failed", "5.0.0", "smtp; 550 5.1.1 <ana@example.net>: unknown", True),
        ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("failed", "5.7.1", "smtp; 550 5.7.1 looks like spam, see 5.1.1", False),
        ("failed", "5.0.0", "smtp; 550 no", False),
        ("failed", "4.4.7", "smtp; 451 gave up after five days", False),
        ("delayed", "5.1.1", "", False),
        ("failed", "", "", False),
    ],
)
def test_only_a_mailbox_that_is_not_there_is_the_addresss_fault(
    action: str, status: str, diagnostic: str, no_mailbox: bool
) -> None:
    (bounce,) = read_bounces(report(ID, action=action, status=status, diagnostic=diagnostic))
    assert (bounce.is_no_mailbox, bounce.failed) == (no_mailbox, action.lower() == "failed")


@pytest.mark.parametrize(
    "mail",
    [
        b"From: ana@example.net\r\nSubject: Re: Appointment reminder\r\n\r\nI am coming.\r\n",
        b"Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n",
        report("someone-elses-id"),
        report(ID).replace(b"Message-ID", b"X-Message-ID"),
        report(ID).replace(b"rfc822;", b"x-local;"),
        report(ID).replace(b"message/delivery-status", b"text/plain"),
        report(ID)[:300],
    ],
)
def test_other_mail_says_nothing(mail: bytes) -> None:
    assert read_bounces(mail) == []


@pytest.mark.parametrize(
    "raw", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"no header at all", b"a" * (LONGEST_BOUNCE + 1)]
)
def test_what_is_no_mail_is_refused(raw: bytes) -> None:
    with pytest.raises(NotMail):
        read_bounces(raw)
