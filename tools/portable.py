"""Checks a binary on what it asks of the machine that runs it. Run: python3 tools/portable.py BINARY

It may need no shared library beyond those every Debian-like system of 2022 or later has, and no symbol
of a newer C library. The rest is linked in, or loaded at first use.
"""

import re
import subprocess
import sys

ALLOWED = {
    "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libssl.so.3", "libcrypto.so.3",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}
NEWEST_GLIBC = (2, 35)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(binary):
    faults = []
    dynamic = output("readelf", "-dW", binary)
    for library in re.findall(r"\(NEEDED\).*\[([^\]]+)\]", dynamic):
        if library not in ALLOWED:
            faults.append(f"needs {library}: link it statically, or load it at first use")
    if "(RELR)" in dynamic:
        faults.append("has packed relocations, which the loader of GLIBC 2.36 is the first to know")
    for symbol, version in sorted(set(re.findall(r"(\S+)@+GLIBC_([\d.]+)", output("readelf", "-W", "--dyn-syms", binary)))):
        if tuple(int(part) for part in version.split(".")) > NEWEST_GLIBC:
            faults.append(f"needs {symbol} of GLIBC {version}, newest allowed is {'.'.join(map(str, NEWEST_GLIBC))}")
    for fault in faults:
        print(f"{binary}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
