"""Settings of accounts: passwords, lock-outs, second factors, sessions, log-in by an outside provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.environment import listed, path, whole
from config.errors import ConfigError

#: Where the provider sends people back to.
RETURN_PATH = "/login/oidc/return"
#: A log-in begun at the provider comes back within so many minutes or not at all.
PROVIDER_WAIT_MIN = 10
_ADDRESS = re.compile(r"(https://[^/?#\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(/[^?#\s]*)?$")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An OpenID provider whose users may log in here as accounts that exist already."""

    issuer: str
    """The provider's issuer address, as it stands in its discovery document and its tokens."""
    client_id: str
    client_secret_file: Path | None
    """A file with the client secret; None: a public client, protected by PKCE alone."""
    redirect_uri: str
    """Our own address for the provider's answer, ending in ``/login/oidc/return``."""
    claim: str
    """The claim of the ID token that holds the name of an account here."""
    label: str
    """What the button on the log-in page says."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The rules by which people log in and stay logged in."""

    session_hours: int = 14
    """A session ends so many hours after the log-in: longer than a shift of twelve hours, shorter than two."""
    idle_lock_min: int = 15
    """A page is locked after so many minutes without input; 0: never."""
    lockout_failures: int = 8
    """So many wrong passwords or codes of one name lock it."""
    lockout_min: int = 10
    """How long a lock-out lasts, and within which time failures are counted."""
    password_min_length: int = 12
    password_history: int = 5
    """One's last so many passwords cannot be taken again."""
    password_max_age_days: int = 0
    """0: passwords do not age, as NIST SP 800-63B advises; offices bound to GB/T 22239 level 3 set 90."""
    second_factor_roles: frozenset[str] = frozenset()
    """Roles that must have a second factor; everybody else may."""
    oidc: OidcSettings | None = None


#: The rules where nothing is configured.
DEFAULT_RULES = AccountSettings()


def account_settings(env: Mapping[str, str]) -> AccountSettings:
    """Read the settings of accounts. Raises ConfigError."""
    return AccountSettings(
        session_hours=whole(env, "HOTLINE_SESSION_HOURS", 14, low=1, high=168),
        idle_lock_min=whole(env, "HOTLINE_IDLE_LOCK_MIN", 15, low=0, high=480),
        lockout_failures=whole(env, "HOTLINE_LOCKOUT_FAILURES", 8, low=3, high=100),
        lockout_min=whole(env, "HOTLINE_LOCKOUT_MIN", 10, low=1, high=1440),
        password_min_length=whole(env, "HOTLINE_PASSWORD_MIN_LENGTH", 12, low=8, high=64),
        password_history=whole(env, "HOTLINE_PASSWORD_HISTORY", 5, low=0, high=24),
        password_max_age_days=whole(env, "HOTLINE_PASSWORD_MAX_AGE_DAYS", 0, low=0, high=3650),
        second_factor_roles=listed(env, "HOTLINE_SECOND_FACTOR_ROLES"),
        oidc=_oidc(env),
    )


def _oidc(env: Mapping[str, str]) -> OidcSettings | None:
    issuer = env.get("HOTLINE_OIDC_ISSUER", "")
    if not issuer:
        return None
    client_id, redirect_uri = env.get("HOTLINE_OIDC_CLIENT_ID", ""), env.get("HOTLINE_OIDC_REDIRECT_URI", "")
    if not client_id or not redirect_uri:
        missing = "HOTLINE_OIDC_CLIENT_ID" if not client_id else "HOTLINE_OIDC_REDIRECT_URI"
        raise ConfigError(f"HOTLINE_OIDC_ISSUER is set and {missing} is not; set it as registered with the provider.")
    for name, address in (("HOTLINE_OIDC_ISSUER", issuer), ("HOTLINE_OIDC_REDIRECT_URI", redirect_uri)):
        if not _ADDRESS.match(address):
            raise ConfigError(f"{name} is {address!r}; it must be an https address (http on this machine only).")
    if not redirect_uri.endswith(RETURN_PATH):
        raise ConfigError(f"HOTLINE_OIDC_REDIRECT_URI is {redirect_uri!r}; it must end with {RETURN_PATH}.")
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret_file=path(env, "HOTLINE_OIDC_CLIENT_SECRET_FILE"),
        redirect_uri=redirect_uri,
        claim=env.get("HOTLINE_OIDC_CLAIM") or "preferred_username",
        label=env.get("HOTLINE_OIDC_LABEL") or "统一身份认证登录",
    )
