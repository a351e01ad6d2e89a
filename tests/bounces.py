"""Delivery status notifications as mail servers write them. Format after RFC 3464, appendix A."""


def report(
    message_id: str,
    *,
    to: str = "ana@example.net",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 no mailbox by that name",
    original: str = "message/rfc822",
) -> bytes:
    return f"""\
Date: Thu, 5 Mar 2026 09:00:00 -0500
From: Mail Delivery System <MAILER-DAEMON@mail.example.org>
To: appointments@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Arrival-Date: Wed, 4 Mar 2026 17:00:00 -0500

Original-Recipient: rfc822;{to}
Final-Recipient: rfc822; forwarded@elsewhere.example.net
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b
Content-Type: {original}

From: appointments@example.org
To: {to}
Subject: Appointment reminder
Message-ID: <{message_id}@example.org>

--b--
""".replace("\n", "\r\n").encode()
