"""What the operator decides, from the environment or a `.env` file. Each variable stands in the README's table."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

LOCALES = ("en", "it")
_LEVELS = ("debug", "info", "warning", "error")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SettingError(Exception):
    """A variable that cannot be used; the message names it, what it got and what it wants."""

    def __init__(self, name: str, got: str, wants: str) -> None:
        shown = f'"{"".join(c if c.isprintable() else "…" for c in got)}"' if got else "nothing"
        super().__init__(f"{name} got {shown} and wants {wants}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The installation's settings, checked. `secret_key` and the URLs with passwords are secret: never log them."""

    database_url: str
    broker_url: str | None
    meilisearch_url: str | None
    meilisearch_key: str | None
    base_url: str
    secret_key: str
    egress_allow: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    metrics_token: str | None
    log_level: str
    smtp_url: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None
    staff_domains: tuple[str, ...]
    site_name: str
    default_locale: str
    uploads_dir: Path
    var_dir: Path

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.base_url).hostname in _LOOPBACK

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def __repr__(self) -> str:
        return f"Settings(base_url={self.base_url!r}, site_name={self.site_name!r})"


def load(environ: Mapping[str, str] | None = None, *, env_file: Path | None = Path(".env")) -> Settings:
    """Read and check every setting. The environment wins over the `.env` file.

    Raises:
        SettingError: a value that cannot be used, or one that is missing.
    """
    found: dict[str, str] = {}
    if environ is None:
        if env_file is not None and env_file.is_file():
            found.update(_written(env_file))
        environ = os.environ
    found.update({name: value for name, value in environ.items() if name.startswith("LOGGIA_")})
    return _checked(lambda name, default="": found.get(f"LOGGIA_{name}", "").strip() or default)


def _written(env_file: Path) -> dict[str, str]:
    """What the file says. A line that says nothing is no reason to go on with a default: it may be the one of the database."""
    with env_file.open(encoding="utf-8") as file:
        for binding in parse_stream(file):
            if binding.error:
                before = binding.original.string
                line = binding.original.line + before[: len(before) - len(before.lstrip())].count("\n")
                raise SettingError(f"Line {line} of {env_file}", "…", "NAME=value, with quotes that close")
    return {name: value for name, value in dotenv_values(env_file).items() if value is not None}


def _checked(get: Callable[..., str]) -> Settings:
    var_dir = Path(get("VAR_DIR", "var"))
    database_url = _database_url(get("DATABASE_URL", f"sqlite:///{var_dir / 'loggia.sqlite'}"))
    base_url = _base_url(get("BASE_URL", "http://127.0.0.1:8000"))
    embedded = database_url.startswith("sqlite") and not get("BROKER_URL")
    return Settings(
        database_url=database_url,
        broker_url=_url("BROKER_URL", get("BROKER_URL"), ("redis", "rediss", "unix", "amqp", "amqps")),
        meilisearch_url=_url("MEILISEARCH_URL", get("MEILISEARCH_URL"), ("http", "https")),
        meilisearch_key=get("MEILISEARCH_KEY") or None,
        base_url=base_url,
        secret_key=_secret_key(get("SECRET_KEY"), var_dir, embedded=embedded),
        egress_allow=_egress("EGRESS_ALLOW", _words(get("EGRESS_ALLOW"))),
        trusted_proxies=_networks("TRUSTED_PROXIES", _words(get("TRUSTED_PROXIES"))),
        metrics_token=get("METRICS_TOKEN") or None,
        log_level=_one_of("LOG_LEVEL", get("LOG_LEVEL", "info").lower(), _LEVELS),
        smtp_url=_url("SMTP_URL", get("SMTP_URL"), ("smtp", "smtps")),
        oidc_issuer=_issuer(get("OIDC_ISSUER")),
        oidc_client_id=_client_id(get("OIDC_CLIENT_ID"), get("OIDC_ISSUER")),
        oidc_client_secret=get("OIDC_CLIENT_SECRET") or None,
        staff_domains=tuple(domain.lower() for domain in _words(get("STAFF_DOMAINS"))),
        site_name=get("SITE_NAME", "Loggia"),
        default_locale=_one_of("DEFAULT_LOCALE", get("DEFAULT_LOCALE", "en"), LOCALES),
        uploads_dir=Path(get("UPLOADS_DIR", str(var_dir / "uploads"))),
        var_dir=var_dir,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise SettingError(f"LOGGIA_{name}", value, "one of " + ", ".join(choices))
    return value


def _url(name: str, value: str, schemes: tuple[str, ...]) -> str | None:
    if not value:
        return None
    wants = "an address that begins with " + " or ".join(f"{s}://" for s in schemes)
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in schemes and bool(parts.hostname or parts.scheme == "unix") and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        is_good = False
    if not is_good:
        raise SettingError(f"LOGGIA_{name}", _without_password(value), wants)
    return value


def _issuer(value: str) -> str | None:
    """Whoever could change what a provider answers could be anybody here."""
    issuer = _url("OIDC_ISSUER", value, ("http", "https"))
    if issuer is not None and issuer.startswith("http:") and urlsplit(issuer).hostname not in _LOOPBACK:
        raise SettingError("LOGGIA_OIDC_ISSUER", value, "https:// for every host but this machine itself")
    return issuer


def _client_id(value: str, issuer: str) -> str | None:
    if issuer and not value:
        raise SettingError(
            "LOGGIA_OIDC_CLIENT_ID", value, "the name under which the provider of LOGGIA_OIDC_ISSUER knows this site"
        )
    return value or None


def _without_password(value: str) -> str:
    """The address as it may be printed. What is no address at all may still hold a password before its last "@"."""
    before, at, after = value.rpartition("@")
    scheme, separator, _ = before.rpartition("://")
    return f"{scheme}{separator}…{at}{after}" if at else value


def _database_url(value: str) -> str:
    wants = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise SettingError("LOGGIA_DATABASE_URL", _without_password(value), wants) from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        # SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3; spelled out so that no version decides it for us
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return value
    raise SettingError("LOGGIA_DATABASE_URL", _without_password(value), wants)


def _base_url(value: str) -> str:
    wants = "an address such as https://community.example.com, without a path"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingError("LOGGIA_BASE_URL", value, wants) from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.path not in ("", "/")
        or parts.query
        or parts.username
    ):
        raise SettingError("LOGGIA_BASE_URL", value, wants)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise SettingError("LOGGIA_BASE_URL", value, "https:// for every host but this machine itself")
    return value.rstrip("/")


def _networks(name: str, words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise SettingError(f"LOGGIA_{name}", word, "addresses or networks such as 10.0.0.0/8") from None
    return words


def _egress(name: str, words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        host, _, port = word.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            try:
                ip_network(word, strict=False)
            except ValueError:
                raise SettingError(f"LOGGIA_{name}", word, "networks such as 10.0.0.0/8, or host:port") from None
    return words


def _secret_key(value: str, var_dir: Path, *, embedded: bool) -> str:
    if value and len(value) < 32:
        raise SettingError("LOGGIA_SECRET_KEY", "…", "at least 32 characters")
    if value:
        return value
    if not embedded:
        raise SettingError(
            "LOGGIA_SECRET_KEY",
            "",
            "a random text of at least 32 characters (python -c 'import secrets; print(secrets.token_hex(32))')",
        )
    return _kept_secret(var_dir / "secret")


def _kept_secret(path: Path) -> str:
    """The embedded installation's key: made once, readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(
            "LOGGIA_VAR_DIR", str(path.parent), f"a directory that can be written ({error.strerror})"
        ) from None
