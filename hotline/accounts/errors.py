"""What can be wrong with accounts, log-ins and second factors; ``hotline.web.problems`` maps these to HTTP."""

from __future__ import annotations

from hotline.errors import HotlineError


class AccountError(HotlineError):
    """An account cannot be made or used as asked."""


class AccountNotFound(AccountError):
    """No account has this id or name."""


class OwnAccount(AccountError):
    """Somebody asked to do to their own account what only another may do to it."""


class LastSecurityAdministrator(AccountError):
    """Without this account nobody could look after accounts any more."""


class LoginRefused(AccountError):
    """Wrong name or password; which of them is not told."""


class LoginThrottled(AccountError):
    """Too many failures; the message says for how long."""


class PasswordRejected(AccountError):
    """A new password breaks a rule; the message says which."""


class CodeRefused(AccountError):
    """A second factor's code is wrong, or was used before."""


class SecondFactorRequired(AccountError):
    """The role must have a second factor: it cannot be taken away."""


class SessionNotFound(AccountError):
    """No open session has this id."""


class ProviderRefused(AccountError):
    """The outside provider's answer does not let anybody in; the message says what to do."""


class ProviderUnreachable(AccountError):
    """The outside provider does not answer."""
