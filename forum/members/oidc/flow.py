"""The authorization code flow with PKCE: leading a browser to the provider, and asking the provider who came back.

OpenID Connect Core 1.0, section 3.1; PKCE (RFC 7636, S256); `iss` in the answer (RFC 9207). Nonce and verifier are made from the
state and the installation's key, so that a sign-in under way keeps no secret anywhere: who has the database cannot finish it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from forum.kernel import clock, egress
from forum.kernel.errors import N_, Text
from forum.kernel.settings import Settings
from forum.members.oidc import Away, NotBelieved, Trusted, claims
from forum.members.oidc.claims import Said
from forum.members.oidc.directory import MOST_BYTES, SECONDS, Directory, Metadata, client_for

LONGEST_CODE: Final = 4_096


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in at one provider, by one state."""

    settings: Settings
    directory: Directory
    provider: Trusted
    state: str

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back: an address of this provider's own, so that no answer is taken for another's."""
        return redirect_uri(self.settings, self.provider.slug)

    def address(self) -> str:
        """Where to lead the browser.

        Raises:
            Away: the provider cannot be reached.
        """
        metadata = self._metadata()
        with self._client(metadata) as client:
            address, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=self.state,
                code_verifier=self._made("verifier"),
                nonce=self._made("nonce"),
            )
        return str(address)

    def who_came(self, code: str, *, issuer: str | None) -> Said:
        """Ask the provider who has this code. `issuer` is the `iss` that came with it.

        Raises:
            Away: the provider cannot be reached.
            NotBelieved: the code is not good, or what comes for it proves nothing.
        """
        from authlib.integrations.httpx_client import OAuthError

        metadata = self._metadata()
        self._check_issuer(metadata, issuer)
        if not 0 < len(code) <= LONGEST_CODE:
            raise NotBelieved(self.provider, "the code is too long, or there is none")
        with self._client(metadata) as client:
            try:
                token = self._called(client.fetch_token, metadata.token_endpoint, code)
            except OAuthError as error:
                raise NotBelieved(self.provider, f"the code was refused: {str(error.error)[:60]}") from error
            id_claims = self._believed(metadata, token)
            more = self._userinfo(client, metadata, id_claims["sub"])
        return claims.read(
            {**more, **id_claims},
            issuer=self.provider.issuer,
            subject=id_claims["sub"],
            group_claim=self.provider.group_claim,
        )

    def _metadata(self) -> Metadata:
        return self.directory.metadata(self.provider, self.settings.egress_allow)

    def _made(self, purpose: str) -> str:
        key = hashlib.sha256(b"loggia oidc\0" + self.settings.secret_key.encode()).digest()
        mark = hmac.digest(key, f"{purpose}\0{self.provider.id}\0{self.state}".encode(), "sha256")
        return base64.urlsafe_b64encode(mark).decode().rstrip("=")

    def _client(self, metadata: Metadata) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        door = client_for(self.provider, self.settings.egress_allow)
        client = OAuth2Client(
            self.provider.client_id,
            self.provider.secret or None,
            token_endpoint_auth_method=_authentication(self.provider, metadata),
            scope=self.provider.scopes,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            transport=door.lend(seconds=SECONDS, max_bytes=MOST_BYTES),
            trust_env=False,
        )
        client.register_compliance_hook("access_token_response", self._answered)
        return client

    def _answered(self, response: Any) -> Any:
        """An answer for the code, if it is one of a provider: an object, be it a refusal."""
        if response.status_code >= 500:
            raise Away(self.provider, Text(N_("It answered with status %(status)s."), status=response.status_code))
        try:
            msgspec.json.decode(response.content, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise NotBelieved(self.provider, "no answer of a provider came for the code") from error
        return response

    def _check_issuer(self, metadata: Metadata, issuer: str | None) -> None:
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise NotBelieved(self.provider, "the answer does not say who gave it")
        if issuer is not None and issuer != self.provider.issuer:
            raise NotBelieved(self.provider, "somebody else gave the answer")

    def _called(self, fetch_token: Any, address: str, code: str) -> Mapping[str, Any]:
        try:
            with egress.failures():
                found = fetch_token(
                    address, grant_type="authorization_code", code=code, code_verifier=self._made("verifier")
                )
        except egress.Failed as error:
            raise Away(self.provider, error.text) from error
        return dict(found)

    def _believed(self, metadata: Metadata, token: Mapping[str, Any]) -> dict[str, Any]:
        from forum.members.oidc import id_tokens

        allow = self.settings.egress_allow
        keys = self.directory.keys(self.provider, allow)
        given, access = token.get("id_token"), token.get("access_token")
        for turn in (1, 2):
            try:
                return id_tokens.believed(
                    given if isinstance(given, str) else "",
                    keys,
                    issuer=self.provider.issuer,
                    client_id=self.provider.client_id,
                    nonce=self._made("nonce"),
                    at=clock.now(),
                    access_token=access if isinstance(access, str) else None,
                    algorithms=metadata.id_token_signing_alg_values_supported,
                )
            except id_tokens.UnknownKey as error:
                if turn == 2:
                    raise NotBelieved(self.provider, str(error)) from error
                keys = self.directory.keys(self.provider, allow, besides=keys)  # they were changed, perhaps
            except id_tokens.Forged as error:
                raise NotBelieved(self.provider, str(error)) from error
        raise AssertionError("unreachable")

    def _userinfo(self, client: Any, metadata: Metadata, subject: str) -> dict[str, Any]:
        """What the provider says besides the token (section 5.3), of the same person or not at all."""
        if metadata.userinfo_endpoint is None:
            return {}
        try:
            with egress.failures():
                answer = client.get(metadata.userinfo_endpoint)
        except egress.Failed as error:
            raise Away(self.provider, error.text) from error
        try:
            found = msgspec.json.decode(answer.content, type=dict[str, Any]) if answer.status_code == 200 else {}
        except (msgspec.MsgspecError, RecursionError):
            found = {}
        return found if found.get("sub") == subject else {}


def redirect_uri(settings: Settings, slug: str) -> str:
    """What is to be registered at a provider as the address to send browsers back to."""
    return f"{settings.base_url}/login/with/{slug}/callback"


def _authentication(provider: Trusted, metadata: Metadata) -> str:
    """How we prove to the provider who we are: as it can, the plainest first."""
    if not provider.secret:
        return "none"
    offered = metadata.token_endpoint_auth_methods_supported
    return next((way for way in ("client_secret_basic", "client_secret_post") if way in offered), "client_secret_basic")
