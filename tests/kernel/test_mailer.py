"""Mail that is built, sent and kept. The servers are real and stand on loopback."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel import clock
from forum.kernel.mailer import Mail, Mailer, NotSent
from forum.kernel.settings import SettingError
from tests.kernel.wires import certificate
from tests.servers import free_port, smtp

MAIL = Mail(
    to="ada@example.org",
    subject="Pressione che sale: è la valvola",
    text="Ciao Ada,\n\n.\nuna risposta è arrivata.\n" + "x" * 2000,
    html="<p>una risposta <b>è</b> arrivata</p>",
    message_id="post-17.1@community.example.com",
)


@dataclass(frozen=True)
class Settings:
    var_dir: Path
    smtp_url: str | None = None
    base_url: str = "https://community.example.com"
    site_name: str = "Caffè, Alzaia & Co."


@pytest.fixture
def mailer(tmp_path: Path) -> Mailer:
    return Mailer(Settings(tmp_path))


def with_changes(**changes: Any) -> Mail:
    return msgspec.structs.replace(MAIL, **changes)


def sent_by(mailer: Mailer, mail: Mail) -> EmailMessage:
    """The message as the other side reads it."""
    return message_from_bytes(mailer.built(mail).as_bytes(), _class=EmailMessage, policy=policy.default)


class TestBuilding:
    def test_both_forms_and_the_usual_head(self, mailer: Mailer) -> None:
        with clock.at(datetime(2026, 11, 12, 7, 40, tzinfo=UTC)):
            message = sent_by(mailer, MAIL)
        assert message.get_content_type() == "multipart/alternative"
        assert [part.get_content().splitlines() for part in message.iter_parts()] == [
            MAIL.text.splitlines(),
            [MAIL.html],
        ]
        assert {name: message[name] for name in message.keys() if not name.startswith(("Content", "MIME"))} == {  # noqa: SIM118
            "From": '"Caffè, Alzaia & Co." <noreply@community.example.com>',
            "To": "ada@example.org",
            "Subject": "Pressione che sale: è la valvola",
            "Date": "Thu, 12 Nov 2026 07:40:00 +0000",
            "Message-ID": "<post-17.1@community.example.com>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        }

    def test_text_alone_is_one_part(self, mailer: Mailer) -> None:
        assert sent_by(mailer, with_changes(html=None)).get_content_type() == "text/plain"

    def test_the_one_click_stop(self, mailer: Mailer) -> None:
        stop = "https://community.example.com/notifications/stop?token=" + "z" * 150
        message = sent_by(mailer, with_changes(unsubscribe=stop))
        assert message["List-Unsubscribe"] == f"<{stop}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_long_words_of_the_head_arrive_whole(self, mailer: Mailer) -> None:
        ids = [f"<{'y' * 90}{number}@community.example.com>" for number in range(4)]
        headers = {"References": " ".join(ids), "In-Reply-To": ids[0], "List-Id": f"<{'c' * 90}.community.example.com>"}
        raw = mailer.built(
            with_changes(headers=headers, message_id=ids[1], unsubscribe="https://x.org/" + "z" * 150)
        ).as_bytes()
        assert b"References: " + ids[0].encode() + b"\r\n <y" in raw
        assert all(raw.count(whole.encode()) for whole in [*ids, headers["List-Id"]])
        assert max(len(line) for line in raw.split(b"\r\n")) <= 998

    def test_everything_travels_in_seven_bits_and_short_lines(self, mailer: Mailer) -> None:
        raw = mailer.built(
            with_changes(subject="Città " * 40, from_name="è" * 60, text="à\rb\r\nc\x00" + "𝄞" * 500)
        ).as_bytes()
        assert raw.isascii()
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert b"\r" not in raw.replace(b"\r\n", b"")
        assert max(len(line) for line in raw.split(b"\r\n")) <= 100

    def test_headers_of_a_mail_replace_the_usual_ones(self, mailer: Mailer) -> None:
        message = sent_by(
            mailer, with_changes(headers={"Auto-Submitted": "auto-replied", "Reply-To": "r+1.ab@example.com"})
        )
        assert message.get_all("Auto-Submitted") == ["auto-replied"]
        assert message["Reply-To"] == "r+1.ab@example.com"


class TestRefusing:
    @pytest.mark.parametrize("bad", ["\r\nBcc: eve@x.org", "\nX: y", "\r", "\x00", "\x85", "\u2028", "\x1c", "\ud800"])
    def test_line_breaks_in_the_head(self, mailer: Mailer, bad: str) -> None:
        spoiled: list[dict[str, Any]] = [
            {"subject": f"a{bad}"},
            {"from_name": f"a{bad}"},
            {"to": f"ada@example.org{bad}"},
            {"message_id": f"a@b.c{bad}"},
            {"unsubscribe": f"https://x.org/{bad}"},
            {"headers": {"X-A": f"a{bad}"}},
            {"headers": {f"X-A{bad}": "a"}},
            {"headers": {"Reply-To": f"a@b.c{bad}"}},
        ]
        for changes in spoiled:
            with pytest.raises(NotSent) as refusal:
                mailer.built(with_changes(**changes))
            assert refusal.value.permanent

    @pytest.mark.parametrize(
        "name",
        ["Bcc", "Cc", "To", "From", "Sender", "Subject", "Date", "Message-ID", "Content-Type", "X-A:", "x-a", ""],
    )
    def test_heads_that_are_not_for_a_mail_to_choose(self, mailer: Mailer, name: str) -> None:
        with pytest.raises(NotSent, match="may not bring its own"):
            mailer.built(with_changes(headers={name: "eve@example.org"}))

    @pytest.mark.parametrize("message_id", ["", "a", "a@b@c", "<<a@b>>", "a b@c", "à@b", "a@b>\r\nX: y"])
    def test_message_ids_that_are_none(self, mailer: Mailer, message_id: str) -> None:
        with pytest.raises(NotSent):
            mailer.built(with_changes(message_id=message_id))

    def test_what_no_charset_holds(self, mailer: Mailer) -> None:
        for changes in ({"text": "a\ud800"}, {"html": "a\udfff"}):
            with pytest.raises(NotSent) as refusal:
                mailer.built(with_changes(**changes))
            assert refusal.value.permanent


class TestAddresses:
    @pytest.mark.parametrize(
        ("typed", "checked"),
        [
            ("ada@example.org", "ada@example.org"),
            ("Ada.L+x@Example.ORG", "Ada.L+x@example.org"),
            ("o'brien_!#$%&*/=?^`{|}~-@x-y.example", "o'brien_!#$%&*/=?^`{|}~-@x-y.example"),
            ("ada@località.example", "ada@xn--localit-fwa.example"),
            ("ada@localhost", "ada@localhost"),
        ],
    )
    def test_are_brought_to_one_spelling(self, mailer: Mailer, typed: str, checked: str) -> None:
        assert mailer.built(with_changes(to=typed))["To"] == checked

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "ada",
            "@x.org",
            "ada@",
            "a@b@c.org",
            "a,b@x.org",
            "a@x.org,b@y.org",
            "a@x.org b@y.org",
            '"a b"@x.org',
            "a(b)@x.org",
            "Ada <a@x.org>",
            "<a@x.org>",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "a@x..org",
            ".a@x.org",
            "a.@x.org",
            "a..b@x.org",
            "a@-x.org",
            "a@x.org\n",
            "a@x.org\u0000",
            "a\t@x.org",
            "à@x.org",
            "a@x_y.org",
            "a@x.org.",
            "a＠x.org",
            "a@x.org＠y.org",
            "a;b@x.org",
            "alice@example.com(<bob@example.org>",
            "a" * 65 + "@x.org",
            "a@" + "x" * 64 + ".org",
            "a@" + "x.org." * 50 + "org",
        ],
    )
    def test_that_two_programs_may_read_differently_are_refused(self, mailer: Mailer, typed: str) -> None:
        with pytest.raises(NotSent) as refusal:
            mailer.built(with_changes(to=typed))
        assert str(refusal.value) == "The mail is addressed to something that is no address."

    @given(st.emails(), st.text(max_size=5))
    def test_that_pass_are_read_alike_by_the_library(self, mail: str, noise: str) -> None:
        mailer = Mailer(Settings(Path()))
        for typed in (mail, mail.replace("@", f"{noise}@", 1)):
            with suppress(NotSent):
                raw = mailer.built(with_changes(to=typed)).as_bytes()
                read = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
                local, _, domain = typed.rpartition("@")
                assert [(to.username, to.domain) for to in read["To"].addresses] == [(local, domain.lower())]


class TestKeeping:
    def test_without_a_server_a_mail_becomes_a_file(self, tmp_path: Path) -> None:
        mailer = Mailer(Settings(tmp_path / "var"))
        mailer.send(MAIL)
        mailer.send(MAIL)
        mailer.send(with_changes(message_id="other@x.org"))
        files = sorted((tmp_path / "var" / "mail").iterdir())
        assert len(files) == 2, "sent again, a mail takes its own place"
        assert all(file.suffix == ".eml" and file.stat().st_mode & 0o777 == 0o600 for file in files)
        read = [message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default) for file in files]
        assert {message["Message-ID"] for message in read} == {"<post-17.1@community.example.com>", "<other@x.org>"}

    def test_a_place_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "mail").write_text("in the way")
        with pytest.raises(NotSent, match="cannot be kept") as failure:
            Mailer(Settings(tmp_path)).send(MAIL)
        assert not failure.value.permanent


class TestSending:
    def test_hands_it_over_to_one_person(self, tmp_path: Path, mails: smtp.Sink) -> None:
        Mailer(Settings(tmp_path, smtp_url=mails.url + "?from=help%40example.com")).send(MAIL)
        (received,) = mails.wait_for(1)
        assert (received.sender, received.recipients) == ("help@example.com", ("ada@example.org",))
        assert received.message["From"].addresses[0].addr_spec == "help@example.com"
        assert received.message["Subject"] == MAIL.subject
        body = received.message.get_body(("plain",))
        assert body is not None
        assert body.get_content().splitlines() == MAIL.text.splitlines()

    @pytest.mark.parametrize("ending", ["\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n"])
    def test_a_dot_ends_no_mail(self, tmp_path: Path, mails: smtp.Sink, ending: str) -> None:
        Mailer(Settings(tmp_path, smtp_url=mails.url)).send(
            with_changes(html=None, text=f"a{ending}MAIL FROM:<eve@x.org>{ending}RCPT TO:<bob@x.org>")
        )
        (received,) = mails.wait_for(1)
        assert received.recipients == ("ada@example.org",)
        assert "RCPT TO:<bob@x.org>" in received.message.get_content()

    @pytest.mark.parametrize(
        ("answer", "permanent"), [("451 Try later", False), ("550 No such\x1b[1m person: <ada@example.org>", True)]
    )
    def test_a_refusal_is_told_with_the_server_s_words(
        self, tmp_path: Path, mails: smtp.Sink, answer: str, permanent: bool
    ) -> None:
        mails.refuse_with = answer
        with pytest.raises(NotSent) as refusal:
            Mailer(Settings(tmp_path, smtp_url=mails.url)).send(MAIL)
        assert (refusal.value.permanent, refusal.value.unsure) == (permanent, False)
        assert str(refusal.value).startswith(f"The mail server answered {answer[:3]}: ")
        assert "\x1b" not in str(refusal.value)
        assert "ada@" not in str(refusal.value)  # it is kept with the mail and logged, and the address is not

    def test_no_server_is_no_loss(self, tmp_path: Path) -> None:
        with pytest.raises(NotSent) as failure:
            Mailer(Settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{free_port()}")).send(MAIL)
        assert (failure.value.permanent, failure.value.unsure) == (False, False)

    @pytest.mark.parametrize("behaviour", ["hangs", "hangs up"])
    def test_a_server_that_takes_the_mail_and_does_not_say_so_leaves_it_unsure(
        self, tmp_path: Path, behaviour: str
    ) -> None:
        class Unclear:
            async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
                if behaviour == "hangs":
                    await asyncio.sleep(30)
                server.transport.abort()
                return "250 Kept"

        with server(Unclear()) as port, pytest.raises(NotSent) as failure:
            Mailer(Settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{port}"), seconds=0.5).send(MAIL)
        assert (failure.value.permanent, failure.value.unsure) == (False, True)

    @pytest.mark.parametrize("answer", ["550 Who", "450 Later"])
    def test_a_recipient_that_is_refused_is_told_before_the_mail_leaves(self, tmp_path: Path, answer: str) -> None:
        class Picky:
            async def handle_RCPT(self, *asked: Any) -> str:  # noqa: N802 - the name that aiosmtpd asks for
                return answer

        with server(Picky()) as port, pytest.raises(NotSent) as refusal:
            Mailer(Settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{port}")).send(MAIL)
        assert (refusal.value.permanent, refusal.value.unsure) == (answer.startswith("5"), False)


@contextmanager
def server(handler: Any = None, **options: Any) -> Iterator[int]:
    controller = Controller(handler or smtp.Sink(), hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class TestSecrecy:
    @pytest.fixture
    def contexts(self, tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        return certificate(tmp_path, "localhost")

    @staticmethod
    def accept(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"us er", b"p@ss:/"), handled=False)

    def test_tls_from_the_start_with_a_password(
        self, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
    ) -> None:
        sink = smtp.Sink()
        options = {"authenticator": self.accept, "auth_require_tls": False}
        with server(sink, ssl_context=contexts[0], **options) as port:
            url = f"smtps://us%20er:p%40ss%3A%2F@localhost:{port}"
            Mailer(Settings(tmp_path, smtp_url=url), tls=contexts[1]).send(MAIL)
            with pytest.raises(NotSent) as refusal:
                Mailer(Settings(tmp_path, smtp_url=url.replace("us%20er", "eve")), tls=contexts[1]).send(MAIL)
        assert len(sink.received) == 1
        assert "535" in str(refusal.value)
        assert not refusal.value.permanent, "the operator mends the password, and the mail goes"

    def test_starttls_when_required(self, tmp_path: Path, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
        sink = smtp.Sink()
        with server(sink, tls_context=contexts[0], require_starttls=True) as port:
            Mailer(Settings(tmp_path, smtp_url=f"smtp://localhost:{port}?starttls=required"), tls=contexts[1]).send(
                MAIL
            )
            with pytest.raises(NotSent):
                Mailer(Settings(tmp_path, smtp_url=f"smtp://localhost:{port}?starttls=no"), tls=contexts[1]).send(MAIL)
            with pytest.raises(NotSent):  # a certificate that nobody vouches for
                Mailer(Settings(tmp_path, smtp_url=f"smtp://localhost:{port}?starttls=required")).send(MAIL)
        assert len(sink.received) == 1

    def test_a_server_without_it_gets_nothing(self, tmp_path: Path, mails: smtp.Sink) -> None:
        with pytest.raises(NotSent, match="offers no encryption"):
            Mailer(Settings(tmp_path, smtp_url=mails.url + "?starttls=required")).send(MAIL)
        assert mails.received == []

    @pytest.mark.parametrize("url", ["smtp://x?starttls=yes", "smtp://x:99999", "smtp://x?from=nobody", "http://x"])
    def test_a_setting_that_cannot_be_used_stops_the_start(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(SettingError, match="LOGGIA_SMTP_URL") as refusal:
            Mailer(Settings(tmp_path, smtp_url=url.replace("//", "//u:secret@")))
        assert "secret" not in str(refusal.value)
