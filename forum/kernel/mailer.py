"""The one mail builder, and the way out for mail: an SMTP server, or files under `var/mail/` where none is configured.

A mail goes to one address, so nobody sees another's. The caller names the Message-ID, stable for what the mail says: a mail that is
sent again, because nobody could tell whether it had arrived, is recognised by the servers and programs of the one who gets it.

`LOGGIA_SMTP_URL`: `smtps://user:password@host` (TLS from the start, port 465), `smtp://user:password@host:587` (STARTTLS as soon as
the server offers it). Behind a `?`: `starttls=required` or `starttls=no`, and `from=help@example.com` for the sender. A password never
travels in the clear, but to this machine itself.
"""

import hashlib
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as _SMTP_POLICY
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from forum.kernel import clock
from forum.kernel.errors import N_, Text
from forum.kernel.settings import SettingError

if TYPE_CHECKING:  # a process that sends no mail does not load it
    from smtplib import SMTP

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"smtp": 25, "smtps": 465}
_SECONDS = 20.0

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MESSAGE_ID = re.compile(r"<?([!-;=?-~]{1,400})>?", re.ASCII)  # what RFC 5322 calls dtext, with one @ (checked apart)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SOMEBODY = re.compile(
    r"[^\s<>@]+@[^\s<>@]+"
)  # servers name whom they refuse, and what was answered is kept and logged
_ALLOWED = re.compile(
    r"(?:X-[A-Za-z-]+|In-Reply-To|References|Reply-To|List-[A-Za-z-]+|Feedback-ID|Auto-Submitted|Precedence)"
)
# Words that must arrive whole. The library would wrap the long ones into encoded words, which no mail program reads back.
_WHOLE = {"message-id", "in-reply-to", "references", "list-unsubscribe", "list-id", "feedback-id"}

_OWN_HEADER = N_("A mail may not bring its own %(name)s.")
_NOT_KEPT = N_("The mail cannot be kept: %(why)s.")
_NOT_ENCRYPTED = N_("The mail server %(host)s offers no encryption.")
_NO_PASSWORD = N_("The mail server %(host)s offers no encryption, and the password does not go without.")
_ANSWERED = N_("The mail server answered %(code)s: %(said)s")
_NOT_REACHED = N_("The mail server cannot be reached, or the connection to it was lost.")
_ODD_LINE = N_("A line of the mail’s head holds a line break or another character that has no place there.")
_NO_ADDRESS = N_("The mail is addressed to something that is no address.")
_NO_MESSAGE_ID = N_("The mail’s Message-ID is not well-formed.")
_ODD_CHARACTER = N_("The mail holds a character that cannot be sent.")
REFUSALS: Final = (
    _OWN_HEADER,
    _NOT_KEPT,
    _NOT_ENCRYPTED,
    _NO_PASSWORD,
    _ANSWERED,
    _NOT_REACHED,
    _ODD_LINE,
    _NO_ADDRESS,
    _NO_MESSAGE_ID,
    _ODD_CHARACTER,
)
"""Every sentence with which a mail is not sent."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one person. `text` must be complete by itself; `unsubscribe` is an address for the one-click stop of RFC 8058."""

    to: str
    subject: str
    text: str
    html: str | None = None
    message_id: str
    headers: Mapping[str, str] = {}
    from_name: str | None = None
    unsubscribe: str | None = None


class NotSent(Exception):
    """It did not leave. `permanent`: it never will, as it is. `unsure`: it may have left after all; send it again unchanged."""

    def __init__(self, text: Text | str, *, permanent: bool = False, unsure: bool = False) -> None:
        self.text = text if isinstance(text, Text) else Text(text)
        self.permanent = permanent
        self.unsure = unsure
        super().__init__(str(self.text))


class MailSettings(Protocol):
    """What of the settings matters here."""

    @property
    def smtp_url(self) -> str | None: ...
    @property
    def var_dir(self) -> Path: ...
    @property
    def base_url(self) -> str: ...
    @property
    def site_name(self) -> str: ...


class Mailer:
    """Sends. Threads may share it: each mail has a connection of its own. `tls` and `seconds` are for tests.

    Raises:
        SettingError: `LOGGIA_SMTP_URL` cannot be used.
    """

    def __init__(self, settings: MailSettings, *, tls: ssl.SSLContext | None = None, seconds: float = _SECONDS) -> None:
        self._settings = settings
        self._tls = tls
        self._seconds = seconds
        self._server = _Server(settings.smtp_url) if settings.smtp_url else None
        host = urlsplit(settings.base_url).hostname or ""
        # Mail wants a name, which an installation on a bare IP address does not have.
        self._own_name = host if _DOMAIN.fullmatch(host) else "localhost"

    def send(self, mail: Mail) -> None:
        """Build it and hand it over; with no server configured, keep it as a file named after its Message-ID.

        Raises:
            NotSent: it has not left, or nobody can tell; see there.
        """
        message = self.built(mail)
        if self._server is None:
            self._keep(message)
        else:
            self._hand_over(message, self._server)

    def built(self, mail: Mail) -> EmailMessage:
        """The message as it travels. Raises NotSent (permanent) if a part of it could pass for something else."""
        message = EmailMessage(policy=_POLICY)
        message["From"] = Address(_line(mail.from_name or self._settings.site_name), addr_spec=self._sender())
        message["To"] = Address(addr_spec=_address(mail.to))
        message["Subject"] = _line(mail.subject)
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = _message_id(mail.message_id)
        for name, value in (_usual_headers(mail) | dict(mail.headers)).items():
            if not _ALLOWED.fullmatch(name):
                raise NotSent(Text(_OWN_HEADER, name=name), permanent=True)
            message[name] = _address(value) if name == "Reply-To" else _line(value)
        message.set_content(_text(mail.text), cte="quoted-printable")
        if mail.html is not None:
            message.add_alternative(_text(mail.html), subtype="html", cte="quoted-printable")
        return message

    def _sender(self) -> str:
        return (self._server and self._server.sender) or f"noreply@{self._own_name}"

    def _keep(self, message: EmailMessage) -> None:
        """Written aside and renamed, so that whoever looks sees a whole mail. Sent again, it takes its own place."""
        folder = self._settings.var_dir / "mail"
        name = hashlib.sha256(message["Message-ID"].encode()).hexdigest()[:32]
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            aside = folder / f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            aside.replace(folder / f"{name}.eml")
        except OSError as error:
            raise NotSent(Text(_NOT_KEPT, why=error.strerror)) from error

    def _hand_over(self, message: EmailMessage, server: "_Server") -> None:
        content = message.as_bytes()
        with _failures(), server.connected(self._own_name, self._seconds, self._tls) as smtp:
            _expect(*smtp.mail(self._sender()))
            _expect(*smtp.rcpt(str(message["To"])))
            with _failures(unsure=True):
                _expect(*smtp.data(content))


class _Server:
    """What `LOGGIA_SMTP_URL` says."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self.tls = parts.scheme == "smtps"
        self.host = parts.hostname or "localhost"
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.starttls = options.get("starttls", "offered")
        self.sender = _plain_address(options["from"]) if "from" in options else None
        if self.starttls not in ("offered", "required", "no"):
            raise SettingError("LOGGIA_SMTP_URL", f"…?starttls={self.starttls}", "starttls=required or starttls=no")
        if "from" in options and self.sender is None:
            raise SettingError("LOGGIA_SMTP_URL", f"…?from={options['from']}", "an e-mail address after from=")
        try:
            self.port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            wants = "smtp://HOST:PORT or smtps://HOST:PORT"
            raise SettingError("LOGGIA_SMTP_URL", f"{parts.scheme}://…", wants) from None

    @contextmanager
    def connected(self, own_name: str, seconds: float, tls: ssl.SSLContext | None) -> Iterator["SMTP"]:
        from smtplib import SMTP, SMTP_SSL, SMTPException

        trusted = tls or ssl.create_default_context()
        # Our own name is given, because the library would else ask the DNS for it, with no deadline.
        if self.tls:
            smtp: SMTP = SMTP_SSL(self.host, self.port, local_hostname=own_name, timeout=seconds, context=trusted)
        else:
            smtp = SMTP(self.host, self.port, local_hostname=own_name, timeout=seconds)
        try:
            smtp.ehlo_or_helo_if_needed()
            secret = self.tls or self._secured(smtp, trusted)
            if self.user:
                self._sign_in(smtp, secret=secret)
            yield smtp
        finally:
            with suppress(SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def _secured(self, smtp: "SMTP", tls: ssl.SSLContext) -> bool:
        if self.starttls == "no" or (self.starttls == "offered" and self._is_here):
            return False
        if not smtp.has_extn("starttls"):
            if self.starttls == "required":
                raise NotSent(Text(_NOT_ENCRYPTED, host=self.host))
            return False
        smtp.starttls(context=tls)
        smtp.ehlo()
        return True

    def _sign_in(self, smtp: "SMTP", *, secret: bool) -> None:
        if not secret and not self._is_here:
            raise NotSent(
                Text(
                    _NO_PASSWORD,
                    host=self.host,
                )
            )
        smtp.login(self.user, self.password)

    @property
    def _is_here(self) -> bool:
        return self.host in _LOOPBACK


@contextmanager
def _failures(*, unsure: bool = False) -> Iterator[None]:
    """What the library raises, in our words. Once the mail itself is on its way, a broken line leaves it unsure."""
    from smtplib import SMTPException, SMTPResponseException

    try:
        yield
    except SMTPResponseException as error:
        # A refused sign-in is the operator's to mend, and then the mail goes.
        refused = error.smtp_code >= 500 and error.smtp_code not in (530, 534, 535, 538)
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        words = _SOMEBODY.sub("…", " ".join(_UNPRINTABLE.sub(" ", said).split())[:200])
        answer = Text(_ANSWERED, code=error.smtp_code, said=words)
        raise NotSent(answer, permanent=refused) from error
    except (SMTPException, OSError) as error:
        raise NotSent(_NOT_REACHED, unsure=unsure) from error


def _expect(code: int, said: bytes) -> None:
    if not 200 <= code < 300:
        from smtplib import SMTPResponseException

        raise SMTPResponseException(code, said)


def _usual_headers(mail: Mail) -> dict[str, str]:
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if mail.unsubscribe is not None:
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _line(value: str) -> str:
    if _UNPRINTABLE.search(value):
        raise NotSent(
            _ODD_LINE,
            permanent=True,
        )
    return value


def _address(value: str) -> str:
    plain = _plain_address(value)
    if plain is None:
        raise NotSent(_NO_ADDRESS, permanent=True)
    return plain


def _plain_address(text: str) -> str | None:
    """The address in the one spelling that we send to: plain letters before the @, a domain in lower case and ASCII after it.

    None for anything that two programs might read differently: quotes, comments, brackets, lists, look-alikes of the @.
    """
    local, _, domain = text.rpartition("@")
    with suppress(UnicodeError):
        domain = (domain if domain.isascii() else domain.encode("idna").decode("ascii")).lower()
        if _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) and len(text) <= 254:
            return f"{local}@{domain}"
    return None


def _message_id(value: str) -> str:
    found = _MESSAGE_ID.fullmatch(value)
    if found is None or found[1].count("@") != 1:
        raise NotSent(_NO_MESSAGE_ID, permanent=True)
    return f"<{found[1]}>"


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotSent(_ODD_CHARACTER, permanent=True) from error
    return value.replace("\x00", "")


class _Policy(EmailPolicy):
    def fold(self, name: str, value: str) -> str:
        if name.lower() in _WHOLE:
            return f"{name}: {(self.linesep + ' ').join(value.split())}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _WHOLE and value.isascii():
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep=_SMTP_POLICY.linesep)
