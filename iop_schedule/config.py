"""Settings from the environment, typed; a bad value stops the start with a sentence."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

#: The values of `ProviderCapability`, which this layer does not know.
CAPABILITIES = ("native_key", "lookup", "none")


class BadSetting(Exception):
    """A setting in the environment cannot be used."""


@dataclass(frozen=True)
class Settings:
    """Everything a deployment decides. `docs/operations.md` lists the variables."""

    #: Where the SQLite file, generated secrets and built assets live.
    instance: Path
    #: SQLAlchemy address of the database; SQLite in `instance` unless DATABASE_URL says otherwise.
    database_url: str
    #: Signs cookies and tokens.
    secret_key: str = field(repr=False)
    #: Peppers stored passwords.
    password_salt: str = field(repr=False)
    #: The product's name on screen; neutral, because it shows in browser history.
    product_name: str = "Steady"
    #: Address people reach us at, for links in messages; never taken from a request.
    public_url: str = "http://127.0.0.1:8000"
    #: Cookies only over HTTPS; off only for a server on the same machine.
    secure_cookies: bool = True
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_starttls: bool = True
    #: Sender of every message; neutral, it shows on lock screens.
    mail_from: str = "appointments@localhost"
    #: Provider of text messages, in the shape of Twilio's interface; empty sends none, `console` prints them.
    sms_url: str = ""
    sms_account: str = ""
    sms_secret: str = field(default="", repr=False)
    #: Our own number, or the provider's name for a pool of numbers.
    sms_sender: str = ""
    #: What the provider can do about a text in doubt; see `ProviderCapability`.
    sms_capability: str = "lookup"
    #: The agreement the law asks for with whoever learns of appointments is signed.
    sms_agreement: bool = False
    #: Most messages a second to each provider, over all workers; 0 is no limit of ours.
    mail_per_second: int = 0
    sms_per_second: int = 0
    #: Sign-out after this long without a request. Source: docs/sources.md#automatic-logoff
    staff_idle: timedelta = timedelta(minutes=15)
    client_idle: timedelta = timedelta(minutes=20)
    #: Sign-out after this long in any case.
    absolute_session: timedelta = timedelta(hours=12)
    #: Largest upload accepted, in bytes.
    max_upload: int = 128 * 1024 * 1024
    #: How many proxies in front set X-Forwarded-For; 0 ignores the header.
    trusted_proxies: int = 0
    #: What checking a password costs: OWASP's floor for argon2id. Not read from the environment.
    password_memory_kib: int = 19 * 1024
    password_passes: int = 2
    testing: bool = False
    #: Where stylesheets and scripts are built to; `assets` in `instance` unless given.
    assets: Path | None = None

    @property
    def assets_folder(self) -> Path:
        """Return where stylesheets and scripts are built to."""
        return self.assets or self.instance / "assets"

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, instance: Path) -> "Settings":
        """Return the settings in `environ`, secrets from `NAME_FILE` where that is given.

        Secrets that are given nowhere are made once and kept in `instance`, readable by its owner only.

        Raises:
            BadSetting: a value cannot be used; the sentence names the variable and what to write.
        """
        instance.mkdir(parents=True, exist_ok=True)
        read = _Reader(environ, instance)
        public_url = read.text("PUBLIC_URL", cls.public_url).rstrip("/")
        if not public_url.startswith(("http://", "https://")):
            message = "PUBLIC_URL must begin with https:// (or http:// on this machine)."
            raise BadSetting(message)
        return cls(
            instance=instance,
            database_url=_database_url(read.text("DATABASE_URL", ""), instance),
            secret_key=read.secret("SECRET_KEY"),
            password_salt=read.secret("PASSWORD_SALT"),
            product_name=read.text("PRODUCT_NAME", cls.product_name),
            public_url=public_url,
            secure_cookies=read.flag("SECURE_COOKIES", public_url.startswith("https://")),
            smtp_host=read.text("SMTP_HOST", cls.smtp_host),
            smtp_port=read.number("SMTP_PORT", cls.smtp_port, 1, 65_535),
            smtp_user=read.text("SMTP_USER", cls.smtp_user),
            smtp_password=read.text("SMTP_PASSWORD", cls.smtp_password),
            smtp_starttls=read.flag("SMTP_STARTTLS", cls.smtp_starttls),
            mail_from=read.text("MAIL_FROM", cls.mail_from),
            sms_url=read.text("SMS_URL", cls.sms_url).rstrip("/"),
            sms_account=read.text("SMS_ACCOUNT", cls.sms_account),
            sms_secret=read.text("SMS_SECRET", cls.sms_secret),
            sms_sender=read.text("SMS_SENDER", cls.sms_sender),
            sms_capability=read.one_of("SMS_CAPABILITY", cls.sms_capability, CAPABILITIES),
            sms_agreement=read.flag("SMS_AGREEMENT", cls.sms_agreement),
            mail_per_second=read.number("MAIL_PER_SECOND", cls.mail_per_second, 0, 10_000),
            sms_per_second=read.number("SMS_PER_SECOND", cls.sms_per_second, 0, 10_000),
            staff_idle=timedelta(minutes=read.number("STAFF_IDLE_MINUTES", 15, 1, 240)),
            client_idle=timedelta(minutes=read.number("CLIENT_IDLE_MINUTES", 20, 1, 240)),
            absolute_session=timedelta(hours=read.number("SESSION_HOURS", 12, 1, 24)),
            max_upload=read.number("MAX_UPLOAD_MB", 128, 1, 1024) * 1024 * 1024,
            trusted_proxies=read.number("TRUSTED_PROXIES", 0, 0, 5),
        )

    def masked(self) -> dict[str, str]:
        """Return every setting as text, secrets shown only as set or not."""
        hidden = {"secret_key", "password_salt", "smtp_password", "sms_secret"}
        shown: dict[str, str] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            shown[name] = ("set" if value else "not set") if name in hidden else str(value)
        shown["database_url"] = _without_password(self.database_url)
        return shown


class _Reader:
    """Reads one variable at a time and complains in a sentence."""

    def __init__(self, environ: Mapping[str, str], instance: Path) -> None:
        self._environ, self._instance = environ, instance

    def text(self, name: str, default: str) -> str:
        file = self._environ.get(f"{name}_FILE")
        if file:
            try:
                return Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                message = f"{name}_FILE cannot be read: {error.strerror}. Check the path and its permissions."
                raise BadSetting(message) from None
        return self._environ.get(name, "").strip() or default

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or not least <= int(text) <= most:
            message = f"{name} must be a whole number from {least} to {most}, not “{text}”."
            raise BadSetting(message)
        return int(text)

    def flag(self, name: str, default: bool) -> bool:  # noqa: FBT001
        text = self.text(name, "yes" if default else "no").lower()
        if text in {"1", "yes", "true", "on"}:
            return True
        if text in {"0", "no", "false", "off"}:
            return False
        message = f"{name} must be yes or no, not “{text}”."
        raise BadSetting(message)

    def one_of(self, name: str, default: str, words: tuple[str, ...]) -> str:
        text = self.text(name, default)
        if text not in words:
            message = f"{name} must be one of {', '.join(words)}, not “{text}”."
            raise BadSetting(message)
        return text

    def secret(self, name: str) -> str:
        given = self.text(name, "")
        if given:
            if len(given) < 32:  # noqa: PLR2004 - 256 bits in hex would be 64; below 32 is guessable
                message = f"{name} is too short. Use at least 32 random characters."
                raise BadSetting(message)
            return given
        return _kept_secret(self._instance / name.lower())


def _kept_secret(path: Path) -> str:
    """Return the secret in `path`, made on first use; two processes starting at once agree on one."""
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def _database_url(given: str, instance: Path) -> str:
    if not given:
        return f"sqlite:///{(instance / 'iop.db').resolve()}"
    for prefix in ("postgres://", "postgresql://"):
        if given.startswith(prefix):
            return "postgresql+psycopg://" + given.removeprefix(prefix)
    if given.startswith(("postgresql+psycopg://", "sqlite:///")):
        return given
    message = "DATABASE_URL must begin with postgresql:// or sqlite:///."
    raise BadSetting(message)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}{at}{host}"
