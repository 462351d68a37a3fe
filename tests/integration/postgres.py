"""A PostgreSQL server of its own, from the system's packages."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import free_port, wait_until


def program(name):
    found = shutil.which(name) or next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    assert found, f"no {name}: run tools/setup/system"
    return str(found)


class Postgres:
    """On a free port, without passwords and without syncing. The server refuses to run as root, so root
    starts it as the package's user, in a folder that this user can reach."""

    def __init__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="kt-postgres-"))
        self.as_user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        subprocess.run([program("initdb"), "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                        "-N"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, **self.as_user)
        self.log = open(self.folder / "log", "wb")
        self.child = subprocess.Popen(
            [program("postgres"), "-D", "data", "-p", str(self.port), "-k", str(self.folder), "-c",
             "listen_addresses=127.0.0.1", "-c", "fsync=off"], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, **self.as_user)
        wait_until(lambda: subprocess.run([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)])
                   .returncode == 0, 60, "PostgreSQL is ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, statement):
        """The rows, each a tuple of texts."""
        done = subprocess.run([program("psql"), "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.url],
                              input=statement, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
