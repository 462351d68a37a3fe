"""The tree as the rules see it: C++ sources with comments and literals blanked, and Markdown pages."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "target", "node_modules", "__pycache__", ".spin", ".venv", ".cache"}
TOP_FOLDERS = ("src", "tests", "bench", "examples")

_TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)


def blank(text):
    """The same text with comments and literals emptied; every line stays where it was."""

    def emptied(match):
        token = match.group(0)
        lines = "\n" * token.count("\n")
        if token.startswith("/"):
            return lines or " "
        return ('""' if token[0] in '"R' else "' '") + lines

    return _TOKENS.sub(emptied, text)


@dataclass(frozen=True, order=True)
class Problem:
    path: str
    line: int
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}"


@dataclass
class Source:
    path: str  # from the root, with slashes
    text: str
    code: str = field(init=False)

    def __post_init__(self):
        self.code = blank(self.text)

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def is_test(self):
        return self.path.startswith("tests/") or self.path.endswith(("_test.cc", "_bench.cc", "_test_support.h"))

    @property
    def room(self):
        """`lease/sqlite` for src/lease/sqlite/x.h; the top folder's name outside src."""
        parts = self.path.split("/")
        return "/".join(parts[1:-1]) if parts[0] == "src" else parts[0]

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1


@dataclass
class Tree:
    root: Path
    sources: list
    pages: list  # Markdown files: (path, text)
    rooms: set


def load_tree(root):
    sources, pages, rooms = [], [], set()
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if name.endswith(".md"):
                pages.append((relative, path.read_text(encoding="utf-8")))
            elif name.endswith((".h", ".cc")) and relative.split("/")[0] in TOP_FOLDERS:
                sources.append(Source(relative, path.read_text(encoding="utf-8")))
    for source in sources:
        if source.path.startswith("src/"):
            rooms.add(source.room)
    return Tree(root, sources, pages, rooms)
