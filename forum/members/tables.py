"""Members and what belongs to them. Their standing is a stored copy that reputation alone writes, through `standing.set_standing`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, Json, UtcTime, folded

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
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    suspended_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class MailAddress(Base):
    """An address of a member. The key is folded, so that spellings that reach one mailbox belong to one account."""

    __tablename__ = "mail_address"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(folded(254), unique=True)
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
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Group(Base):
    """People who are treated alike. An automatic group is filled by rule (a trust level, say), a manual one by hand."""

    __tablename__ = "member_group"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(folded(60), unique=True)
    is_automatic: Mapped[bool] = mapped_column(default=False)


class GroupMember(Base):
    """A member's place in a group."""

    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("member_group.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UtcTime)


class Affiliation(Base):
    """That a member belongs to the company: team and role, since when, by which proof. At most one is open per member."""

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

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
    voice: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)
