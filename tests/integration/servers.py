"""Servers of Debian's packages, each on a free port of 127.0.0.1 and in a folder that goes with it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import Process, clean_environment, free_port, listening

FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/postgresql/15/bin")


def program(name):
    for folder in FOLDERS:
        if os.path.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise AssertionError(f"no {name}: tools/setup/system installs it")


def certificate(folder, name, signed_by=None, usage="serverAuth"):
    """name.pem and name.key: for localhost and 127.0.0.1, or of a client. Vouches for itself where nobody signs it."""
    extensions = [f"basicConstraints=critical,CA:{'false' if signed_by else 'true'}"]
    if signed_by:
        extensions.append(f"extendedKeyUsage={usage}")
    if usage == "serverAuth":
        extensions.append("subjectAltName=DNS:localhost,IP:127.0.0.1")
    configuration = Path(folder) / "openssl.cnf"  # the machine's would add extensions
    configuration.write_text("[req]\ndistinguished_name = name\n[name]\n")
    command = ["openssl", "req", "-config", configuration, "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
               "-keyout", f"{name}.key", "-out", f"{name}.pem"]
    if signed_by:
        command += ["-CA", f"{signed_by}.pem", "-CAkey", f"{signed_by}.key"]
    for extension in extensions:
        command += ["-addext", extension]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return Path(folder) / f"{name}.pem"


class Server(Process):
    """Runs as `user` where the tests are root and the server refuses that."""

    user = None

    def __init__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="kt-server-"))
        self.as_user = {}
        if self.user and os.geteuid() == 0:
            self.as_user = {"user": self.user, "group": self.user, "extra_groups": []}
        self.prepare()
        if self.as_user:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self.user, self.user)
        self.initialize()
        super().__init__(self.command(), self.folder, "server", clean_environment(self.folder), **self.as_user)
        self.wait_for(self.answers, 30, f"{type(self).__name__} answers")

    def prepare(self):
        pass

    def initialize(self):
        pass

    def run_first(self, *words):
        subprocess.run([program(words[0]), *map(str, words[1:])], cwd=self.folder, check=True, capture_output=True,
                       env=clean_environment(self.folder), **self.as_user)

    def answers(self):
        return listening(self.port)

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Server):
    def command(self):
        return [program("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--requirepass", "secret"]

    @property
    def listed(self):
        return f"redis://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"redis://:secret@127.0.0.1:{self.port}"


class Postgres(Server):
    user = "postgres"

    def prepare(self):
        (self.folder / "password").write_text("secret")
        certificate(self.folder, "root")

    def initialize(self):
        self.run_first("initdb", "-D", "data", "-U", "admin", "-A", "scram-sha-256", "--pwfile=password", "-E", "UTF8",
                       "--locale=C.UTF-8", "-N")

    def command(self):
        settings = {"listen_addresses": "127.0.0.1", "fsync": "off", "ssl": "on",
                    "ssl_cert_file": self.folder / "root.pem", "ssl_key_file": self.folder / "root.key"}
        return [program("postgres"), "-D", "data", "-p", self.port, "-k", self.folder,
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]

    def answers(self):
        return subprocess.run([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    @property
    def listed(self):
        return f"postgres://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"host=127.0.0.1 port={self.port} user=admin password=secret dbname=postgres"


class MariaDb(Server):
    user = "mysql"

    def prepare(self):
        (self.folder / "init.sql").write_text(
            "CREATE DATABASE IF NOT EXISTS shop;\nCREATE OR REPLACE USER admin IDENTIFIED BY 'se:cret';\n"
            "GRANT ALL ON *.* TO admin;\n")

    def initialize(self):
        self.run_first("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
                       "--auth-root-authentication-method=normal")

    def command(self):
        return [program("mariadbd"), "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid",
                f"--init-file={self.folder}/init.sql", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
                "--skip-name-resolve"]

    @property
    def listed(self):
        return f"mysql://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"mysql://admin:se%3Acret@127.0.0.1:{self.port}/shop"


class Mosquitto(Server):
    def prepare(self):
        subprocess.run([program("mosquitto_passwd"), "-b", "-c", self.folder / "passwords", "ann", "s3cret"],
                       check=True, capture_output=True)
        (self.folder / "conf").write_text(
            f"listener {self.port} 127.0.0.1\nuser root\npersistence false\nlog_dest stderr\nlog_type all\n"
            f"allow_anonymous false\npassword_file {self.folder}/passwords\n")

    def command(self):
        return [program("mosquitto"), "-c", "conf"]

    @property
    def listed(self):
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"mqtt://127.0.0.1:{self.port}?client_id=guest"
