"""As whom Postgres runs.

Postgres refuses to run as root, and another user cannot enter folders of mode 0700 (`/root`, `mktemp -d`) in which
the program and its data may lie. So that no folder's mode needs to change, Postgres runs, in this order of preference:

1. as the caller, who is an ordinary user;
2. in a user namespace where root's files belong to the service user (util-linux `unshare`);
3. as the service user with the one capability that lets it enter root's folders (util-linux `setpriv`), for containers
   that refuse user namespaces;
4. as the service user, which is enough where all folders are open to it.

An ordinary user whose number has no name in the password database needs the second way too: `initdb` asks
for the name.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cliprow.errors import MissingDependency

#: Users of a common system that may stand for "nobody in particular", best first.
_SERVICE_USERS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Identity:
    """How to start a program so that it is not root."""

    #: Name for people: `caller`, `namespace`, `service-capable`, `service`.
    name: str
    #: Words to put before the command.
    prefix: tuple[str, ...]
    #: Owner, as seen from outside, that the data must have.
    uid: int
    gid: int

    def command(self, *words: str | Path) -> list[str]:
        """The command line that runs `words` as this identity."""
        return [*self.prefix, *map(str, words)]

    def can_run(self, program: Path, folder: Path) -> bool:
        """Whether the program starts and the folder can be entered."""
        tries = ((str(program), "--version"), ("test", "-e", f"{folder}/."))
        return all(
            subprocess.run(self.command(*words), capture_output=True, cwd="/", check=False).returncode == 0
            for words in tries
        )

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all in it, to this identity, if it has another owner."""
        if path.stat().st_uid == self.uid:
            return
        for each in (path, *path.rglob("*")):
            os.lchown(each, self.uid, self.gid)


def candidates() -> list[Identity]:
    """All ways that could work for the calling user, best first."""
    uid, gid = os.geteuid(), os.getegid()
    found = []
    if uid != 0 and _has_name(uid):
        return [Identity("caller", (), uid, gid)]
    service = _service_user()
    unshare, setpriv = shutil.which("unshare"), shutil.which("setpriv")
    if unshare:
        mapping = (f"--map-user={service.pw_uid}", f"--map-group={service.pw_gid}")
        found.append(Identity("namespace", (unshare, "--user", *mapping, "--"), uid, gid))
    if setpriv and uid == 0:
        become = (setpriv, f"--reuid={service.pw_uid}", f"--regid={service.pw_gid}", "--clear-groups")
        enter = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        found.append(Identity("service-capable", (*become, *enter, "--"), service.pw_uid, service.pw_gid))
        found.append(Identity("service", (*become, "--"), service.pw_uid, service.pw_gid))
    return found


def choose(program: Path, folder: Path) -> Identity:
    """The first way in which `program` runs here and may enter `folder`.

    Raises:
        MissingDependency: there is none.
    """
    for identity in candidates():
        if identity.name == "caller" or identity.can_run(program, folder):
            return identity
    raise MissingDependency(
        f"Postgres does not run as root, and this machine offers no other user who can run {program} "
        f"and enter {folder}: it refuses user namespaces, or has neither `unshare` nor `setpriv`.",
        error_code="CANNOT_LEAVE_ROOT",
        next_step="Install util-linux, or run Cliprow as an ordinary user, or set DATABASE_URL to a Supabase project.",
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _service_user() -> pwd.struct_passwd:
    users = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    for name in _SERVICE_USERS:
        if name in users:
            return users[name]
    if not users:
        raise MissingDependency(
            "This machine has no user but root, and Postgres does not run as root.",
            error_code="CANNOT_LEAVE_ROOT",
            next_step="Add a user, for example with `useradd --system cliprow`.",
        )
    return next(iter(users.values()))
