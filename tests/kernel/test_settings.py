"""Settings: every good value is understood, every wrong one stops the start with one line that says which, what and why."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel.settings import SettingError, Settings, load

KEY = "k" * 32


def loaded(tmp_path: Path, **variables: str) -> Settings:
    given = {"VAR_DIR": str(tmp_path), "SECRET_KEY": KEY} | variables
    return load({f"LOGGIA_{name}": value for name, value in given.items()}, env_file=None)


def test_nothing_need_be_set_on_one_machine(tmp_path: Path) -> None:
    found = load({"LOGGIA_VAR_DIR": str(tmp_path)}, env_file=None)
    assert found.database_url == f"sqlite:///{tmp_path / 'loggia.sqlite'}"
    assert (found.broker_url, found.meilisearch_url, found.smtp_url) == (None, None, None)
    assert (found.base_url, found.site_name, found.default_locale) == ("http://127.0.0.1:8000", "Loggia", "en")
    assert (found.is_sqlite, found.is_loopback, found.is_https) == (True, True, False)
    assert found.uploads_dir == tmp_path / "uploads"


def test_the_embedded_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    first = load({"LOGGIA_VAR_DIR": str(folder)}, env_file=None)
    again = load({"LOGGIA_VAR_DIR": str(folder)}, env_file=None)
    assert len(first.secret_key) == 64
    assert first.secret_key == again.secret_key
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600


def test_everything_can_be_set(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        DATABASE_URL="postgresql://loggia:pw@db.internal/loggia",
        BROKER_URL="redis://cache:6379/1",
        BASE_URL="https://community.example.com/",
        EGRESS_ALLOW="10.0.0.0/8, crm.internal:8443",
        TRUSTED_PROXIES="10.1.0.1 ::1",
        STAFF_DOMAINS="Example.com",
        LOG_LEVEL="WARNING",
        DEFAULT_LOCALE="it",
        SMTP_URL="smtps://mail:465",
    )
    assert found.database_url == "postgresql+psycopg://loggia:pw@db.internal/loggia"
    assert found.base_url == "https://community.example.com"
    assert found.egress_allow == ("10.0.0.0/8", "crm.internal:8443")
    assert found.trusted_proxies == ("10.1.0.1", "::1")
    assert (found.staff_domains, found.log_level, found.default_locale) == (("example.com",), "warning", "it")


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text(f"LOGGIA_SITE_NAME=From the file\nLOGGIA_DEFAULT_LOCALE=it\nLOGGIA_SECRET_KEY={KEY}\n")
    for name in [name for name in os.environ if name.startswith("LOGGIA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOGGIA_SITE_NAME", "From outside")
    found = load(env_file=file)
    assert (found.site_name, found.default_locale) == ("From outside", "it")


WRONG = [
    ("DATABASE_URL", "mysql://root:hunter2@h/x", "…@h/x", "sqlite:///FILE or postgresql://"),
    ("DATABASE_URL", "postgresql://u:hunter2@h:port/x", "…@h:port/x", "sqlite:///FILE or postgresql://"),
    ("DATABASE_URL", "sqlite://", "sqlite://", "sqlite:///FILE or postgresql://"),
    ("DATABASE_URL", "nonsense", "nonsense", "sqlite:///FILE or postgresql://"),
    ("BROKER_URL", "http://cache", "http://cache", "redis:// or rediss:// or unix:// or amqp:// or amqps://"),
    ("BROKER_URL", "redis://:hunter2@cache:port/0", "…@cache:port/0", "redis://"),
    ("BROKER_URL", "redis://", "redis://", "redis://"),
    ("BROKER_URL", "redis://[cache", "redis://[cache", "redis://"),
    ("MEILISEARCH_URL", "search:7700", "search:7700", "http:// or https://"),
    ("SMTP_URL", "mail.example.com", "mail.example.com", "smtp:// or smtps://"),
    ("OIDC_ISSUER", "login.example.com", "login.example.com", "http:// or https://"),
    ("OIDC_ISSUER", "http://login.example.com", "http://login", "https:// for every host but this machine itself"),
    ("BASE_URL", "community.example.com", "community.example.com", "https://community.example.com, without a path"),
    ("BASE_URL", "https://community.example.com/forum", "/forum", "without a path"),
    ("BASE_URL", "http://community.example.com", "http://community", "https:// for every host but this machine itself"),
    ("BASE_URL", "https://x:port", "https://x:port", "without a path"),
    ("BASE_URL", "https://[x", "https://[x", "without a path"),
    ("SECRET_KEY", "short", "…", "at least 32 characters"),
    ("EGRESS_ALLOW", "10.0.0.0/8 crm.internal", "crm.internal", "networks such as 10.0.0.0/8, or host:port"),
    ("EGRESS_ALLOW", "crm:99999", "crm:99999", "networks such as 10.0.0.0/8, or host:port"),
    ("TRUSTED_PROXIES", "10.0.0.0/99", "10.0.0.0/99", "addresses or networks"),
    ("LOG_LEVEL", "loud", "loud", "one of debug, info, warning, error"),
    ("DEFAULT_LOCALE", "fr", "fr", "one of en, it"),
]


@pytest.mark.parametrize(("name", "value", "got", "wants"), WRONG)
def test_a_wrong_value_is_one_line_that_says_which_what_and_why(
    tmp_path: Path, name: str, value: str, got: str, wants: str
) -> None:
    with pytest.raises(SettingError) as refused:
        loaded(tmp_path, **{name: value})
    line = str(refused.value)
    assert line.startswith(f"LOGGIA_{name} got ")
    assert got in line
    assert wants in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_a_provider_wants_the_name_under_which_it_knows_this_site(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="LOGGIA_OIDC_CLIENT_ID got nothing"):
        loaded(tmp_path, OIDC_ISSUER="https://id.example")
    assert loaded(tmp_path, OIDC_CLIENT_ID="loggia").oidc_issuer is None


def test_a_served_installation_needs_a_key_of_its_own(tmp_path: Path) -> None:
    given = {"LOGGIA_VAR_DIR": str(tmp_path), "LOGGIA_DATABASE_URL": "postgresql://h/x"}
    with pytest.raises(SettingError, match="LOGGIA_SECRET_KEY got nothing and wants a random text"):
        load(given, env_file=None)
    embedded = {"LOGGIA_VAR_DIR": str(tmp_path), "LOGGIA_BROKER_URL": "redis://cache"}
    with pytest.raises(SettingError, match="LOGGIA_SECRET_KEY got nothing"):
        load(embedded, env_file=None)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError) as refused:
        load({"LOGGIA_VAR_DIR": str(tmp_path / "file" / "var")}, env_file=None)
    assert str(refused.value).startswith(f'LOGGIA_VAR_DIR got "{tmp_path}/file/var" and wants a directory')


def test_secrets_are_not_printed_with_the_settings(tmp_path: Path) -> None:
    assert KEY not in repr(loaded(tmp_path, DATABASE_URL="postgresql://u:hunter2@h/x"))
    assert "hunter2" not in repr(loaded(tmp_path, DATABASE_URL="postgresql://u:hunter2@h/x"))


NAMES = ("DATABASE_URL", "BROKER_URL", "BASE_URL", "EGRESS_ALLOW", "TRUSTED_PROXIES", "SMTP_URL", "LOG_LEVEL", "MEILISEARCH_URL")  # fmt: skip
PIECES = st.sampled_from(["redis://", "postgresql://", "sqlite:///", "https://", "u:p@", "[", "]", "::1", ":", "/", "@", "?", "#", "%", "h", "x.example", "99999", " ", ","])  # fmt: skip
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
    st.lists(PIECES, max_size=8).map("".join),
)


@given(st.sampled_from(NAMES), VALUES)
def test_whatever_is_given_it_is_understood_or_refused_in_one_line(name: str, value: str) -> None:
    try:
        load({"LOGGIA_SECRET_KEY": KEY, f"LOGGIA_{name}": value}, env_file=None)
    except SettingError as refused:
        assert str(refused).startswith(f"LOGGIA_{name} got ")  # noqa: PT017 (both outcomes are good)
        assert str(refused).isprintable()  # noqa: PT017


def test_a_line_of_the_file_that_says_nothing_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("LOGGIA_SITE_NAME=Mill\n\n\nLOGGIA_SECRET_KEY='hunter2 without its end\nLOGGIA_DEFAULT_LOCALE=it\n")
    with pytest.raises(SettingError) as refused:
        load(env_file=file)
    assert str(refused.value) == f'Line 4 of {file} got "…" and wants NAME=value, with quotes that close.'
