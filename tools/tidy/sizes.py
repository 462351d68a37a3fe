"""Sizes of files and functions, the first lines of a header, and a page for every room."""

import re

from source import Problem

HEADER_LINES = 250
SOURCE_LINES = 600
FUNCTION_LINES = 70

_CONTAINER = re.compile(r"(?:^|[\s>\]])(?:namespace|class|struct|union)\b(?![^()]*\([^()]*\)\s*(?:const|noexcept|override)?\s*$)")
_INIT_LIST = re.compile(r"\)\s*(?:noexcept(?:\s*\([^()]*\))?\s*)?:(?!:)")
_LABEL = re.compile(r"\b(?:public|private|protected)\s*:")


def functions(code):
    """(first line, lines) of the body of every function at namespace or class level."""
    stack = []  # one entry a brace: "container", "skip", or the line where a body began
    head, line = "", 1
    for char in code:
        if char == "\n":
            line += 1
        inside_body = any(entry != "container" for entry in stack)
        if char == "{":
            stack.append(_kind(head, line) if not inside_body else "skip")
            if stack[-1] == "container":
                head = ""
        elif char == "}":
            begun = stack.pop() if stack else "skip"
            if isinstance(begun, int):
                yield begun, line - begun + 1
            if not any(entry != "container" for entry in stack):
                head = head + "}" if begun == "skip" else ""
        elif not inside_body:
            head = "" if char == ";" and head.count("(") == head.count(")") else head + char


def _kind(head, line):
    head = _LABEL.sub("", re.sub(r"^\s*#.*$", "", head, flags=re.MULTILINE)).rstrip()
    if _INIT_LIST.search(head) and re.search(r"[\w>]$", head):
        return "skip"  # a member's initializer: the body comes later
    if "(" in head and not re.match(r"\s*(?:template\s*<[^{}]*>\s*)?(?:class|struct|union|namespace)\b", head):
        return line
    if _CONTAINER.search(head) or head.strip().startswith("extern"):
        return "container"
    return "skip"


def check(tree):
    for source in tree.sources:
        count = source.text.count("\n")
        most = HEADER_LINES if source.is_header else SOURCE_LINES
        if count > most:
            yield Problem(source.path, 1, f"{count} lines, at most {most}: split it along its concepts")
        for line, lines in functions(source.code):
            if lines > FUNCTION_LINES:
                yield Problem(source.path, line, f"function of {lines} lines, at most {FUNCTION_LINES}: "
                                                 "name its parts")
        if source.is_header and source.path.startswith("src/"):
            yield from _check_header(source)
    for room in sorted(tree.rooms):
        if "/" not in room and not (tree.root / "src" / room / "README.md").exists():
            yield Problem(f"src/{room}/README.md", 1, "missing: every room has a page")


def _check_header(source):
    name = source.path.removeprefix("src/")
    first = source.text.split("\n", 1)[0]
    if not first.startswith(f"// {name} — "):
        yield Problem(source.path, 1, f'the first line must read "// {name} — <one sentence of purpose>."')
    if "#pragma once" not in source.text:
        yield Problem(source.path, 1, "no #pragma once")
