"""Every path that a Markdown page names exists."""

import re
from pathlib import PurePosixPath

from source import Problem

_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_PATH = re.compile(r"^(?:\./)?[\w.\-]+(?:/[\w.\-]+)*/?$")
# Made by building or running, or not a path of this repository.
_MADE = {"build", "target", "DIR", ".spin"}


def check(tree):
    top = {entry.name for entry in tree.root.iterdir()}
    src = tree.root / "src"
    rooms = {entry.name for entry in src.iterdir() if entry.is_dir()} if src.is_dir() else set()
    for page, text in tree.pages:
        folder = (tree.root / page).parent
        plain = _FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
        for match in _SPAN.finditer(plain):
            name = match.group(1)
            parts = PurePosixPath(name).parts if _PATH.match(name) else ()
            first = parts[0] if parts else ""
            if "/" not in name or first in _MADE or not (first in top or first in rooms):
                continue
            if not any((base / name).exists() for base in (tree.root, src, folder)):
                yield _missing(page, plain, match.start(), name)
        for match in _LINK.finditer(plain):
            name = match.group(1)
            if "://" in name or name.startswith("mailto:") or PurePosixPath(name).parts[0] in _MADE:
                continue
            if not (folder / name).exists():
                yield _missing(page, plain, match.start(), name)


def _missing(page, text, offset, name):
    return Problem(page, text.count("\n", 0, offset) + 1, f"names {name}, which does not exist")
