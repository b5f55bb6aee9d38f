"""Members and what belongs to them. Their standing is a stored copy that reputation alone writes, through `standing.set_standing`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, Json, UtcTime, folded
from forum.kernel.jobs import Leased

FIRST_PRIVILEGES = ["thread:ask", "thread:answer", "post:flag", "vote:up"]  # what every member may from the first day


class Member(Base):
    """A person, or a program that is marked as one. Never deleted, only anonymised: what they gave stays."""

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    handle: Mapped[str] = mapped_column(String(40))
    handle_key: Mapped[str] = mapped_column(folded(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16), default="member")
    locale: Mapped[str] = mapped_column(String(8), default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    bio_html: Mapped[str] = mapped_column(Text, default="")
    points: Mapped[int] = mapped_column(default=0)
    trust_level: Mapped[int] = mapped_column(default=0)
    privileges: Mapped[list[str]] = mapped_column(Json, default_factory=lambda: list(FIRST_PRIVILEGES))
    is_bot: Mapped[bool] = mapped_column(default=False)
    is_imported: Mapped[bool] = mapped_column(default=False)
    time_zone: Mapped[str] = mapped_column(
        String(40), default="", server_default=""
    )  # a name of the tz database; "" is the reader's browser
    avatar: Mapped[str] = mapped_column(String(64), default="", server_default="")  # SHA-256 (hex) of the kept image
    is_unlisted: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # search engines are asked not to list the profile
    hides_activity: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # what they wrote is not gathered on their profile
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    silenced_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    suspended_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class MailAddress(Base):
    """An address of a member. The key is folded, so that spellings that reach one mailbox belong to one account.

    An address is somebody's once they showed that they read its mail; until then any number of people may say it is theirs,
    so that nobody can keep its owner away or learn that there is one.
    """

    __tablename__ = "mail_address"
    __table_args__ = (
        Index(
            "ux_mail_address_verified",
            "address_key",
            unique=True,
            sqlite_where=text("verified_at IS NOT NULL"),
            postgresql_where=text("verified_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(folded(254), index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Credential(Base):
    """A member's password, as an argon2 hash."""

    __tablename__ = "credential"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class SignIn(Base):
    """One browser that is signed in. The cookie's token itself is nowhere stored, only its SHA-256 (hex)."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class ApiToken(Base):
    """A key for programs, shown once, kept as SHA-256 (hex). `scopes` are "read", "write", "moderate", "administer"."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class MailedToken(Base):
    """A key that went out by mail: good once, for one purpose, to one address, for a while. Kept as SHA-256 (hex).

    `purpose` is "verify", "reset", "change", "revert", "restore" or "delete". A new one for the same member and purpose ends the
    old ones; of "revert" each address keeps its own, so that who takes an account away cannot end what would give it back.
    """

    __tablename__ = "mailed_token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(254))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class MailDelivery(Leased, Base):
    """A mail that is to go out. It holds no words and no key: both are made when it is sent, for the address of then.

    `address` is where it goes; "" is the member's own verified address. `cause` makes sending for one reason twice impossible.
    `target` is the SHA-256 (hex) of the folded address that somebody typed, by which what strangers can cause is counted.
    """

    __tablename__ = "mail_delivery"
    __table_args__ = (
        Index(
            "ix_mail_delivery_due",
            "not_before",
            "id",
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_mail_delivery_target", "target", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True, default=None)
    kind: Mapped[str] = mapped_column(String(30))
    address: Mapped[str] = mapped_column(String(254), default="")
    target: Mapped[str] = mapped_column(folded(64), default="", server_default="")
    cause: Mapped[str] = mapped_column(String(80), unique=True)
    values: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Invitation(Base):
    """A link that opens accounts: with a role and a group, as often as `most`, until it expires or is taken back."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(String(120), default="")
    role: Mapped[str] = mapped_column(String(16), default="member")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("member_group.id"), default=None)
    most: Mapped[int] = mapped_column(default=1)
    used: Mapped[int] = mapped_column(default=0)
    by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class IdentityProvider(Base):
    """Where people may sign in from elsewhere, by OpenID Connect. The secret is sealed with the installation's key."""

    __tablename__ = "identity_provider"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    slug: Mapped[str] = mapped_column(folded(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(200))
    sealed_secret: Mapped[str] = mapped_column(Text, default="")
    scopes: Mapped[str] = mapped_column(String(200), default="openid email profile")
    group_claim: Mapped[str] = mapped_column(String(60), default="")
    staff_group: Mapped[str] = mapped_column(String(120), default="")
    opens_accounts: Mapped[bool] = mapped_column(default=True)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    is_from_environment: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Identity(Base):
    """Somebody at a provider, tied to a member. Issuer and subject together are who it is; an address never is."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("identity_provider.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    address: Mapped[str] = mapped_column(String(254), default="")
    linked_at: Mapped[datetime] = mapped_column(UtcTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Arrival(Base):
    """Somebody on the way to a provider and back, in one browser, for some minutes. Each step can be taken once.

    Only hashes are kept of the state that the provider returns and of the browser that may return with it. `claims` is what the
    provider said, from when they are back until they have chosen their handle, or confirmed the connection (`member_id` is set
    where somebody signed in connects). `carried` is a form that met the wall.
    """

    __tablename__ = "arrival"
    __table_args__ = (Index("ix_arrival_browser", "browser_hash", "provider_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    provider_id: Mapped[int] = mapped_column(ForeignKey("identity_provider.id"), index=True)
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True, default=None)
    next: Mapped[str] = mapped_column(String(1024), default="/")
    carried: Mapped[str] = mapped_column(Text, default="")
    claims: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    called_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Consent(Base):
    """What a member lets the company receive, purpose by purpose; append-only, the newest of a purpose counts."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_member", "member_id", "purpose", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    is_given: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcTime)


class Group(Base):
    """People who are treated alike.

    `kind` says how it is filled: "manual" by hand, "claim" by what an identity provider says, "trust" by trust level, "staff" and
    "moderators" by those roles, "company" by hand with the people of one customer company. All but the first are named by us.
    """

    __tablename__ = "member_group"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(folded(60), unique=True)
    is_automatic: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(16), default="manual", server_default="manual")
    claim: Mapped[str] = mapped_column(String(120), default="", server_default="")  # what a provider calls it
    level: Mapped[int] = mapped_column(default=0, server_default="0")  # of kind "trust": from which trust level on
    description: Mapped[str] = mapped_column(String(300), default="", server_default="")


class GroupMember(Base):
    """A member's place in a group. `source` says who put them there: "manual", "automatic", or "claim:<provider id>"."""

    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("member_group.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UtcTime)
    source: Mapped[str] = mapped_column(String(40), default="manual", server_default="manual")


class Affiliation(Base):
    """That a member belongs to the company, or is bound to it: team and role, since when, by which proof. At most one is open.

    `kind` is "staff", "partner", "reseller" or "contractor"; of the last three `team` is the organisation. Only staff speak for
    the company.
    """

    __tablename__ = "affiliation"
    __table_args__ = (
        Index(
            "ux_affiliation_open",
            "member_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    team: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(80))
    proof: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(12), default="staff", server_default="staff")
    since: Mapped[datetime] = mapped_column(UtcTime)
    until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class ImportedBadge(Base):
    """A badge that a member brought along from where they were imported."""

    __tablename__ = "imported_badge"
    __table_args__ = (UniqueConstraint("member_id", "name", "awarded_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    grade: Mapped[int]
    awarded_at: Mapped[datetime] = mapped_column(UtcTime)


class AuditEntry(Base):
    """A privileged action on the installation itself, append-only. What concerns content is a decision in the public log instead."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject", "id"),
        Index("ix_audit_entry_member", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
    voice: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)


class SiteSetting(Base):
    """What an administrator set for the whole site in the pages; what is not here has its default."""

    __tablename__ = "site_setting"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
