"""Every row of docs/reference/compared.md names a test that exists, or says why it does not apply."""

import re

from source import Problem

PAGE = "docs/reference/compared.md"
_SPAN = re.compile(r"`([^`\n]+)`")
_GTEST = re.compile(r"^[A-Z]\w*\.[A-Z]\w*$")
_PYTEST = re.compile(r"^(test_\w+\.py)::(test_\w+)$")
_DEFINED = re.compile(r"\b(?:TEST|TEST_F|TEST_P|TYPED_TEST)\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_EXEMPT = ("does not apply", "no:")


def check(tree):
    for page, text in tree.pages:
        if page == PAGE:
            yield from _check_rows(page, text, _gtests(tree), _pytests(tree))


def _gtests(tree):
    return {".".join(match.groups()) for source in tree.sources for match in _DEFINED.finditer(source.code)}


def _pytests(tree):
    found = set()
    for path in sorted((tree.root / "tests").rglob("test_*.py")):
        for name in re.findall(r"^\s*def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            found.add(f"{path.name}::{name}")
    return found


def _check_rows(page, text, gtests, pytests):
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[-1] == "Test":
            continue
        cited = [name for name in _SPAN.findall(cells[-1]) if _GTEST.match(name) or _PYTEST.match(name)]
        for name in cited:
            if name not in gtests and name not in pytests:
                yield Problem(page, number, f"cites {name}, which is no test")
        if not cited and not cells[-1].lower().startswith(_EXEMPT):
            yield Problem(page, number, "names no test, nor says why it does not apply")
