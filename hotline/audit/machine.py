"""Who acts by the command line: no account of the service, but somebody with a log-in on the machine."""

from __future__ import annotations

import os
import pwd
import re

from hotline.audit.store import KnownActor

#: What the role of such an actor begins with in the audit log.
PREFIX = "cli:"
_NAME = re.compile(r"[\w.@-]{1,64}")


def at_the_machine() -> KnownActor:
    """The operating system's user of this process, ``cli:NAME``; behind sudo ``cli:root:NAME`` with who called it.

    The user comes from the kernel, not from the environment. Only root's ``SUDO_USER`` is believed, and root may set
    it: with root's rights one may act as anybody on this machine, which the audit chain cannot prevent.
    """
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    caller = os.environ.get("SUDO_USER", "")
    if uid == 0 and _NAME.fullmatch(caller) and caller != name:
        name = f"{name}:{caller}"
    return KnownActor(None, f"{PREFIX}{name}")
