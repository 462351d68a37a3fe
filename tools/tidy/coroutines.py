"""No braced temporary and no lambda inside a full expression that awaits.

g++ 12 destroys such a temporary twice, without a word. The rule is cruder than the fault (a class with a
constructor is safe), because a reader should not have to know which is which: name it first.
"""

import re

from source import Problem

_AWAITS = re.compile(r"\bco_await\b|\bCO_TRY\w*\s*\(")
_BLOCK_WORDS = {"const", "noexcept", "override", "final", "else", "do", "try", "mutable"}
_TYPE_HEAD = re.compile(r"\b(?:namespace|class|struct|union|enum)\b[^()=]*$")
_ARROW = re.compile(r"->\s*[\w:<>,\s&*]+$")
_LAMBDA = re.compile(r"(?<![\w\])>])\s*\[(?!\[)[^\[\]]*\]\s*(?=\(|\{|mutable\b|->)")
_BRACED = re.compile(r"(?:[\w>]|[(,]\s*|\breturn\s+|\?\s*|:\s+)\{")
_DECLARED = re.compile(r"^\s*(?!co_return\b|return\b|co_yield\b|throw\b|else\b|case\b)(?:const\s+)?[\w:]+(?:<[^;]*?>)?[\s&*]+\w+\s*\{")


def statements(code):
    """(offset, text) of every full expression, roughly: what stands between ; and the braces of blocks."""
    start, parens, braces = 0, 0, 0
    for offset, char in enumerate(code):
        if char in "([":
            parens += 1
        elif char in ")]":
            parens = max(0, parens - 1)
        elif char == "{":
            if parens or braces or _starts_initializer(code[start:offset]):
                braces += 1
            else:
                yield start, code[start:offset]
                start = offset + 1
        elif char == "}":
            if braces:
                braces -= 1
            else:
                yield start, code[start:offset]
                start, parens = offset + 1, 0
        elif char == ";" and not parens and not braces:
            yield start, code[start:offset]
            start = offset + 1


def _starts_initializer(head):
    if _TYPE_HEAD.search(head) or _ARROW.search(head):
        return False
    last = re.search(r"(\w+|[>=,?:])\s*$", head)
    return bool(last) and last.group(1) not in _BLOCK_WORDS and last.group(1) != ":"


def _fault(text):
    if _LAMBDA.search(text):
        return "a lambda in an expression with co_await"
    declared = _DECLARED.match(text)
    if _BRACED.search(text, declared.end() if declared else 0):
        return "a braced temporary in an expression with co_await"
    return None


def check(tree):
    for source in tree.sources:
        if not _AWAITS.search(source.code):
            continue
        code = re.sub(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                      source.code, flags=re.MULTILINE)
        for offset, text in statements(code):
            awaits = _AWAITS.search(text)
            fault = awaits and _fault(text)
            if fault:
                yield Problem(source.path, source.line_of(offset + awaits.start()),
                              f"{fault}: name it in a statement before (g++ 12 destroys it twice)")
