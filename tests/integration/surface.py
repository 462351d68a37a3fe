"""What the host gives its guests, counted: the functions of the contract (WIT), the guests that import each, and which
calls of the tests asked for it, allowed and denied.

`python tests/integration/surface.py` prints the table.
"""

import re
from collections import defaultdict
from pathlib import Path

from apps import GUESTS
from harness import ROOT
from host_app import answers
from wasm_binary import leb, sections

# A test names an interface by the word on the left, as the guests do.
INTERFACES = {
    "config1": "fermyon:spin/config",
    "variables2": "fermyon:spin/variables@2.0.0",
    "variables3": "spin:variables/variables@3.0.0",
    "config": "wasi:config/store@0.2.0-draft-2024-09-27",
    "kv1": "fermyon:spin/key-value",
    "kv2": "fermyon:spin/key-value@2.0.0",
    "kv3": "spin:key-value/key-value@3.0.0",
    "bucket": "wasi:keyvalue/store@0.2.0-draft2",
    "batch": "wasi:keyvalue/batch@0.2.0-draft2",
    "atomics": "wasi:keyvalue/atomics@0.2.0-draft2",
    "sqlite1": "fermyon:spin/sqlite",
    "sqlite2": "fermyon:spin/sqlite@2.0.0",
    "sqlite30": "spin:sqlite/sqlite@3.0.0",
    "sqlite31": "spin:sqlite/sqlite@3.1.0",
    "llm1": "fermyon:spin/llm",
    "llm2": "fermyon:spin/llm@2.0.0",
    "http1": "fermyon:spin/http",
    "redis1": "fermyon:spin/redis",
    "redis2": "fermyon:spin/redis@2.0.0",
    "redis3": "spin:redis/redis@3.0.0",
    "postgres1": "fermyon:spin/postgres",
    "postgres2": "fermyon:spin/postgres@2.0.0",
    "postgres3": "spin:postgres/postgres@3.0.0",
    "postgres40": "spin:postgres/postgres@4.0.0",
    "postgres41": "spin:postgres/postgres@4.1.0",
    "postgres42": "spin:postgres/postgres@4.2.0",
    "mysql1": "fermyon:spin/mysql",
    "mysql2": "fermyon:spin/mysql@2.0.0",
    "mysql3": "spin:mysql/mysql@3.0.0",
    "mqtt2": "fermyon:spin/mqtt@2.0.0",
    "mqtt3": "spin:mqtt/mqtt@3.0.0",
}
# An older minor version is served by the newer one.
SERVED_BY_NEWER = {"spin:postgres/postgres@4.0.0", "spin:postgres/postgres@4.1.0", "spin:sqlite/sqlite@3.0.0"}


# ---- the contract ------------------------------------------------------------------------------------------------


def _uncommented(text):
    return re.sub(r"//[^\n]*", "", text)


# What a function that may be refused takes.
NAMING = {"address", "label", "name", "database", "identifier", "model", "req"}
# These have what they name from elsewhere, or name it otherwise.
NAMING_TOO = {"get-config", "[method]connection-builder.build", "[method]connection-builder.build-async"}


def functions_of(text):
    """{interface: {function: whether it names what a component may not have}} of a WIT, each function under the name
    that a module imports it by."""
    found, package, scopes = defaultdict(dict), "", []
    tokens = re.compile(
        r"package\s+(?P<package>[\w:.@-]+)\s*(?P<nested>[;{])"
        r"|(?P<kind>interface|resource|world)\s+%?(?P<name>[\w-]+)\s*(?P<open>[{;])"
        r"|%?(?P<function>[\w-]+)\s*:\s*(?P<static>static\s+)?(?:async\s+)?func\s*"
        r"\((?P<taken>[^)]*)\)"
        r"|(?P<constructor>\bconstructor)\s*\("
        r"|(?P<brace>[{}])")
    for token in tokens.finditer(_uncommented(text)):
        if token["package"]:
            package = token["package"]
            if token["nested"] == "{":
                scopes.append(("package", package))
        elif token["kind"]:
            if token["open"] == "{":
                scopes.append((token["kind"], token["name"]))
        elif token["brace"] == "{":
            scopes.append(("other", ""))
        elif token["brace"] == "}":
            scopes.pop()
        else:
            by_kind = dict(scopes)
            if "interface" not in by_kind:
                continue
            name, _, version = package.partition("@")
            interface = f"{name}/{by_kind['interface']}" + (f"@{version}" if version else "")
            resource = by_kind.get("resource")
            function = token["function"]
            if token["constructor"]:
                function = f"[constructor]{resource}"
            elif resource:
                function = f"[{'static' if token['static'] else 'method'}]{resource}.{function}"
            taken = set(re.findall(r"%?([\w-]+)\s*:", token["taken"] or ""))
            found[interface][function] = bool(taken & NAMING) or function in NAMING_TOO
    return found


def contract():
    """Of Spin's interfaces and of those of WASI that are not part of its command world."""
    found = defaultdict(dict)
    for path in sorted([*ROOT.glob("tests/guests/*/wit/*.wit"), *ROOT.glob("bridge/*/wit/*.wit")]):
        for interface, functions in functions_of(path.read_text()).items():
            if interface in INTERFACES.values():
                found[interface] |= functions
    return found


def network_of_wasi():
    """Of WASI's own interfaces those that leave the machine; the older snapshot's WIT has only what it differs in."""
    found = defaultdict(dict)
    for path in ROOT.glob("tests/guests/spin_network*/wit/*.wit"):
        for interface, functions in functions_of(path.read_text()).items():
            if interface.startswith(("wasi:http/", "wasi:sockets/")):
                found[interface] |= functions
    return found


def linked():
    """The interfaces that the bridge's sources provide, by name."""
    found = set()
    for path in ROOT.glob("bridge/*/src/**/*.rs"):
        text = path.read_text()
        found |= set(re.findall(r'\.instance\(\s*"([^"]+)"', text))
        found |= set(re.findall(r"\bimport ([\w:/.@-]+);", text))
    return {name for name in found if name.startswith(("fermyon:", "spin:", "wasi:keyvalue", "wasi:config"))}


# ---- what a guest imports ----------------------------------------------------------------------------------------


def imports_of(module):
    """(interface, function) of a core module, without what the toolchain needs besides (streams, drops)."""
    data, found = module, set()
    for section, start, _ in sections(data):
        if section != 2:
            continue
        count, here = leb(data, start)
        for _ in range(count):
            names = []
            for _ in range(2):
                length, here = leb(data, here)
                names.append(data[here:here + length].decode())
                here += length
            assert data[here] == 0, f"{names} is no function"
            _, here = leb(data, here + 1)
            interface, function = names[0], names[1].removeprefix("[async-lower]")
            if re.fullmatch(r"(\[(method|static|constructor)\])?[\w.-]+", function):
                found.add((interface, function))
    return found


def imported():
    """{(interface, function): [guest]}."""
    found = defaultdict(list)
    for path in sorted(GUESTS.glob("*.wasm")):
        data = path.read_bytes()
        if data[:8] == b"\0asm\x01\0\0\0":
            for name in imports_of(data):
                found[name].append(path.stem)
    return found


# ---- what was asked ----------------------------------------------------------------------------------------------


class Refused:
    """An answer that is expected to be a refusal: a pattern that is found in it."""

    def __init__(self, pattern):
        self.pattern = pattern

    def search(self, answer):
        return re.search(self.pattern, answer)

    def __repr__(self):
        return f"a refusal with {self.pattern}"


class Asked:
    """Collects what the tests of a run asked for, and how it went."""

    def __init__(self):
        self.allowed, self.denied = set(), set()

    def note(self, word, function, allowed):
        (self.allowed if allowed else self.denied).add((INTERFACES[word], function))


def bare(function):
    """`[method]connection.query` is asked for as `query`, a constructor as `new`."""
    if function.startswith("[constructor]"):
        return "new"
    return function.rpartition("]")[2].rpartition(".")[2]


def ask(asked, app, calls, address, *flags):
    """Has the guest make the calls in one go and holds each answer against what is expected: a text, or a pattern to
    find. `calls` are {interface: [(function, arguments, expected)]}; `address` is for all, or {interface: address}.
    Returns what the program printed."""
    wanted = [(word, *call) for word, of in calls.items() for call in of]
    lines = []
    for word, function, arguments, _ in wanted:
        to = address if isinstance(address, str) else address[word]
        lines.append("\t".join([word.removesuffix("a"), function, to, *arguments]))
    got, output = answers(app, ["\n".join(lines)], *flags, seconds=60)
    hold(asked, [(word.removesuffix("a"), *call) for word, *call in wanted], got)
    return output


def hold(asked, calls, got):
    """Each answer against what is expected of its call (interface, function, arguments, expected)."""
    wrong = []
    for (word, function, arguments, expected), answer in zip(calls, got, strict=True):
        right = answer == expected if isinstance(expected, str) else expected.search(answer)
        if not right:
            wrong.append(f"{word} {function} {arguments}\n    said     {answer}\n    expected {expected}")
        asked.note(word, function, not isinstance(expected, Refused))
        if function.startswith("build"):
            asked.note(word, "new", True)
    assert not wrong, "\n".join(wrong)


def main():
    importers = imported()
    for interface, functions in sorted((contract() | network_of_wasi()).items()):
        print(interface)
        for function in sorted(functions):
            print(f"    {function:42} {' '.join(importers[interface, function]) or 'NOBODY'}")


if __name__ == "__main__":
    main()
