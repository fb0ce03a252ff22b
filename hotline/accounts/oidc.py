"""Log-in by an outside OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1).

The provider says who somebody is, never what they may do: only accounts that
exist here and are enabled can be entered, and no right comes from a token.
authlib prepares the requests and checks the claims, joserfc the signatures.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import orjson
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from config.accounts import PROVIDER_WAIT_MIN, AccountSettings, OidcSettings
from config.errors import ConfigError
from hotline.accounts import second_factor, sessions
from hotline.accounts.errors import ProviderRefused, ProviderUnreachable
from hotline.accounts.login import LogIn
from hotline.accounts.store import digest
from hotline.accounts.store import queries as account_queries
from hotline.audit.store import KnownActor, record
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__, "provider_logins.sql")
log = structlog.get_logger(__name__)

#: Signatures by a private key only: with a shared secret, or none, whoever has our settings could write tokens.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
#: Clocks of two machines may differ by so much.
LEEWAY_S = 60
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1 << 20
#: Discovery document and keys are asked for again after so long; an unknown key asks at once, but not in a row.
FRESH_S, KEYS_AGAIN_S = 600.0, 10.0
#: Values of ``amr`` (RFC 8176) that say that the provider saw more than a password.
_STRONG = frozenset({"mfa", "otp", "hwk", "swk", "sc"})
_USE = "provider_logins.verifier"
_AGAIN = "请回到登录页重新开始。"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the cookie by which its answer is known."""

    url: str
    browser_key: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """Who the provider says somebody is."""

    name: str
    strong: bool


def read_secret(settings: OidcSettings) -> str | None:
    """The client secret; None for a public client. Raises ConfigError."""
    if settings.client_secret_file is None:
        return None
    try:
        secret = settings.client_secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"HOTLINE_OIDC_CLIENT_SECRET_FILE names {settings.client_secret_file}, which cannot be read ({error})."
        ) from error
    if not secret:
        raise ConfigError(f"HOTLINE_OIDC_CLIENT_SECRET_FILE names {settings.client_secret_file}, which is empty.")
    return secret


class Provider:
    """The configured provider; its discovery document and keys are asked for when they are needed."""

    def __init__(self, settings: OidcSettings) -> None:
        """Raises ConfigError where the client secret cannot be read."""
        self._settings = settings
        self._secret = read_secret(settings)
        self._document: Mapping[str, Any] = {}
        self._document_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None
        self._turn = asyncio.Lock()

    async def begin(self, pool: Any, vault: Vault, target: str) -> Begun:
        """A log-in at the provider begins; ``target`` is our path to go to afterwards. Raises ProviderUnreachable."""
        document = await self._discover()
        state, nonce, browser_key = (secrets.token_urlsafe(32) for _ in range(3))
        verifier = secrets.token_urlsafe(48)
        async with pool.acquire() as connection:
            await queries.begin(
                connection,
                state_hash=digest(state),
                browser_hash=digest(browser_key),
                nonce=nonce,
                verifier=vault.seal(verifier, _USE),
                target=target,
                minutes=PROVIDER_WAIT_MIN,
            )
        url = prepare_grant_uri(
            document["authorization_endpoint"],
            self._settings.client_id,
            "code",
            redirect_uri=self._settings.redirect_uri,
            scope="openid profile email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(str(url), browser_key)

    async def finish(
        self,
        pool: Any,
        vault: Vault,
        query: Mapping[str, str],
        browser_key: str,
        *,
        address: str,
        browser: str,
        rules: AccountSettings,
    ) -> tuple[LogIn, str]:
        """The provider sent somebody back: their session, and the path to go to.

        Raises ProviderRefused, or ProviderUnreachable.
        """
        async with pool.acquire() as connection:
            begun = await queries.take(connection, state_hash=digest(query.get("state", "")))
        if begun is None or not begun["in_time"]:
            raise ProviderRefused(f"这次登录已过期或已用过，{_AGAIN}")
        if not hmac.compare_digest(begun["browser_hash"], digest(browser_key)):
            raise ProviderRefused(f"登录不是在这个浏览器里开始的，{_AGAIN}")
        if query.get("iss", self._settings.issuer) != self._settings.issuer:
            raise ProviderRefused(f"应答不是来自所配置的统一身份认证，{_AGAIN}")
        if "code" not in query:
            log.info("provider_refused", error=query.get("error", "")[:60])
            raise ProviderRefused(f"统一身份认证没有同意登录，{_AGAIN}")
        tokens = await self._tokens(query["code"], str(vault.open(begun["verifier"], _USE)))
        answer = await self._who(tokens, begun["nonce"])
        return await _enter(pool, answer, address=address, browser=browser, rules=rules), begun["target"]

    async def _tokens(self, code: str, verifier: str) -> Mapping[str, Any]:
        document = await self._discover()
        fields: dict[str, str] = {"code": code, "code_verifier": verifier}
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._secret is not None and "client_secret_basic" in methods:
            # RFC 6749 section 2.3.1: both are encoded like form fields first
            credentials = f"{quote(self._settings.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        else:
            fields["client_id"] = self._settings.client_id
            if self._secret is not None:
                fields["client_secret"] = self._secret
        body = prepare_token_request("authorization_code", redirect_uri=self._settings.redirect_uri, **fields)
        status, answer = await self._ask("POST", document["token_endpoint"], data=body, headers=headers)
        if status != 200 or not isinstance(answer.get("id_token"), str):
            log.warning("provider_gave_no_token", status=status, error=str(answer.get("error", ""))[:60])
            raise ProviderRefused(f"统一身份认证没有给出登录凭证，{_AGAIN}")
        return answer

    async def _who(self, tokens: Mapping[str, Any], nonce: str) -> _Answer:
        """The name in the ID token, everything about the token checked. Raises ProviderRefused."""
        settings = self._settings
        try:
            token = await self._verified(tokens["id_token"])
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": settings.issuer},
                    "aud": {"essential": True, "value": settings.client_id},
                    "exp": {"essential": True},
                },
                params={
                    "nonce": nonce,
                    "client_id": settings.client_id,
                    "access_token": tokens.get("access_token"),
                },
            )
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError) as error:
            log.warning("provider_token_refused", error=type(error).__name__, claim=getattr(error, "claim", None))
            raise ProviderRefused(f"统一身份认证的登录凭证无效，{_AGAIN}持续出现请联系安全管理员。") from error
        name = claims.get(settings.claim)
        if not isinstance(name, str) or not name:
            raise ProviderRefused(f"登录凭证里没有“{settings.claim}”，请联系安全管理员核对认证配置。")
        if settings.claim == "email" and claims.get("email_verified") is not True:
            raise ProviderRefused("统一身份认证没有核实您的邮箱，请先在那里核实。")
        return _Answer(name, bool(_STRONG.intersection(claims.get("amr") or ())))

    async def _verified(self, id_token: str) -> jwt.Token:
        """The token if a key of the provider signed it; an unknown key is looked for once more."""
        try:
            return jwt.decode(id_token, await self._key_set(FRESH_S), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # keys are changed at any time; a token whose signature is simply wrong fails again
            return jwt.decode(id_token, await self._key_set(KEYS_AGAIN_S), algorithms=ALGORITHMS)

    async def _key_set(self, not_older_than_s: float) -> KeySet:
        document = await self._discover()
        async with self._turn:
            if self._keys is None or time.monotonic() - self._keys_at > not_older_than_s:
                status, answer = await self._ask("GET", document["jwks_uri"])
                if status != 200:
                    raise ProviderUnreachable("统一身份认证暂时连不上，请稍后再试，或用密码登录。")
                self._keys = KeySet.import_key_set(answer)  # type: ignore[arg-type]
                self._keys_at = time.monotonic()
            return self._keys

    async def _discover(self) -> Mapping[str, Any]:
        """The provider's own description, whose issuer must be the one configured."""
        async with self._turn:
            if time.monotonic() - self._document_at > FRESH_S:
                address = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                status, document = await self._ask("GET", address)
                names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
                if (
                    status != 200
                    or document.get("issuer") != self._settings.issuer
                    or not all(self._trustworthy(document.get(name)) for name in names)
                ):
                    log.error("provider_description_unusable", status=status)
                    raise ProviderUnreachable("统一身份认证的配置不可用，请用密码登录并联系安全管理员。")
                self._document, self._document_at = document, time.monotonic()
            return self._document

    def _trustworthy(self, address: object) -> bool:
        """An address of the provider is encrypted if the issuer's is."""
        scheme = urlsplit(self._settings.issuer).scheme
        return isinstance(address, str) and urlsplit(address).scheme in {"https", scheme}

    async def _ask(self, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the provider's answer. Raises ProviderUnreachable."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), trust_env=False) as http,
                http.request(method, url, allow_redirects=False, **options) as answer,
            ):
                body = await answer.content.read(MAX_ANSWER_BYTES)
                value = orjson.loads(body) if body else {}
                return answer.status, value if isinstance(value, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("provider_unreachable", error=type(error).__name__)
            raise ProviderUnreachable("统一身份认证暂时连不上，请稍后再试，或用密码登录。") from error


async def _enter(pool: Any, answer: _Answer, *, address: str, browser: str, rules: AccountSettings) -> LogIn:
    """A session for the account of this name, if there is one that may be entered. Raises ProviderRefused."""
    async with pool.acquire() as connection, connection.transaction():
        user = await account_queries.user_by_name(connection, name=answer.name)
        if user is None:
            await record(
                connection, actor=None, action="login_failed", subject="user:unknown", detail={"way": "provider"}
            )
        else:
            factor = await second_factor.state(connection, user["id"])
            code_due = factor["set"] and not answer.strong
            cookie = await sessions.open_session(
                connection,
                user["id"],
                rules,
                way="provider",
                strong=answer.strong,
                code_due=code_due,
                address=address,
                browser=browser,
            )
            if not code_due:
                await record(
                    connection,
                    actor=KnownActor(user["id"], user["role"]),
                    action="logged_in",
                    subject=f"user:{user['id']}",
                    detail={"way": "provider"},
                )
            return LogIn(cookie, code_due)
    raise ProviderRefused("认证已通过，但本系统没有您可用的账号；请联系安全管理员开通。")
