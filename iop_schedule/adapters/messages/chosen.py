"""Which way messages go out over each channel, by the settings of this deployment."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from iop_schedule.adapters.messages.contract import Messages
from iop_schedule.adapters.messages.sms import SmsMessages
from iop_schedule.adapters.messages.smtp import SmtpMessages
from iop_schedule.adapters.messages.trying import ConsoleMessages
from iop_schedule.config import BadSetting, Settings
from iop_schedule.domain.reminders import telling_words
from iop_schedule.vocabulary import Channel, ProviderCapability

#: Value of SMTP_HOST and SMS_URL that prints messages instead of sending them.
CONSOLE = "console"

Doors = Mapping[Channel, Messages]


def doors_for(settings: Settings) -> dict[Channel, Messages]:
    """Return where `settings` sends messages to, by channel; what is not set up is left out.

    Raises:
        BadSetting: a setting would tell what the messages are about, or cannot be used.
    """
    _check_neutral(settings)
    doors: dict[Channel, Messages] = {}
    if settings.smtp_host:
        doors[Channel.EMAIL] = _mail(settings)
    if settings.sms_url:
        doors[Channel.SMS] = _texts(settings)
    return doors


def _mail(settings: Settings) -> Messages:
    if settings.smtp_host == CONSOLE:
        return ConsoleMessages()
    return SmtpMessages(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        starttls=settings.smtp_starttls,
        sender=settings.mail_from,
    )


def _texts(settings: Settings) -> Messages:
    if settings.sms_url == CONSOLE:
        return ConsoleMessages()
    parts = urlsplit(settings.sms_url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        message = "SMS_URL must begin with https:// (or be the word console, to try things out)."
        raise BadSetting(message)
    if not (settings.sms_account and settings.sms_secret and settings.sms_sender):
        message = "SMS_URL needs SMS_ACCOUNT, SMS_SECRET and SMS_SENDER beside it."
        raise BadSetting(message)
    if not settings.sms_agreement:
        message = (
            "A provider of text messages learns when people have appointments. Set SMS_AGREEMENT=yes once "
            "the agreement your privacy officer asks for is signed."
        )
        raise BadSetting(message)
    return SmsMessages(
        url=settings.sms_url,
        account=settings.sms_account,
        secret=settings.sms_secret,
        sender=settings.sms_sender,
        capability=ProviderCapability(settings.sms_capability),
        report_url=f"{settings.public_url}/hooks/texts/reports" if parts.scheme == "https" else "",
    )


def _check_neutral(settings: Settings) -> None:
    """Refuse a sender or an address of ours that tells: both show on lock screens and in links."""
    for name, shown in (
        ("MAIL_FROM", settings.mail_from),
        ("PUBLIC_URL", settings.public_url),
        ("SMS_SENDER", settings.sms_sender),
    ):
        telling = telling_words(shown.replace("-", " ").replace(".", " ").replace("_", " "))
        if telling:
            message = f"{name} shows on lock screens and must be neutral; it contains “{telling[0]}”."
            raise BadSetting(message)
