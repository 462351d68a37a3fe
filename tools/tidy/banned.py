"""Calls that reach out past a seam, each with what to use and the rooms that wrap it."""

import re

from source import Problem

# (pattern, what to use instead, rooms that may, whether tests may)
BANNED = (
    (r"\b(?:system|steady|high_resolution)_clock::now\b|\bgettimeofday\s*\(|\bclock_gettime\s*\(",
     "take a Clock (runtime/clock.h)", {"runtime", "cli"}, False),
    (r"\b(?:steady|system|high_resolution|deadline)_timer\b",
     "use Clock::sleep_until or with_deadline", {"runtime", "http"}, False),
    (r"\bs?rand\s*\(|\brandom_device\b|\bmt19937|\bdefault_random_engine\b",
     "take a Random (runtime/random.h)", {"runtime", "cli"}, False),
    (r"\bthis_thread::sleep_\w+|\bu?sleep\s*\(\s*\d|\bnanosleep\s*\(",
     "use Clock::sleep_until; in tests VirtualClock, or wait for a condition with a deadline", {"runtime"}, False),
    (r"\b(?:secure_)?getenv\b", "take the value by constructor; cli reads the environment", {"cli"}, True),
    (r"\bdetached\b", "spawn into a TaskGroup, which owns, cancels and awaits", {"runtime", "http"}, False),
    (r"\bco_spawn\b", "spawn into a TaskGroup", {"runtime", "http"}, True),
    (r"\bboost/asio/experimental", "keep to runtime/'s types", {"runtime", "http"}, False),
    (r"\bany_completion_handler\b", "recurses for ever in Boost 1.81: hold a small virtual waiter", set(), False),
    (r"(?<!\w)new\s+(?!\()[A-Za-z_:]", "use std::make_unique, or a value", {"runtime", "http", "aws", "wasm"}, False),
    (r"\bstd::(?:jthread|async)\b|\bstd::thread\b(?!::)|\bpthread_create\b",
     "use a Loop or a WorkThread (runtime/)", {"runtime", "wasm"}, True),
    (r"\bstd::(?:recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable",
     "keep state on one loop; cross threads by posting", {"base", "runtime", "observability", "http", "aws", "wasm", "otel", "watch"}, True),
    (r"\bstd::(?:cout|cerr|clog)\b|(?<![\w:])f?printf\s*\(|\bfmt::print\b",
     "log through observability/, or return text for cli to print", {"cli", "observability"}, True),
)

_PATTERNS = tuple((re.compile(pattern), instead, rooms, tests) for pattern, instead, rooms, tests in BANNED)
# A private constructor needs it: std::unique_ptr<T>(new T(...)).
_OWNED_AT_ONCE = re.compile(r"(?:unique|shared)_ptr<[^;]*\(\s*new\s|\breset\(\s*new\s")


def check(tree):
    for source in tree.sources:
        top = source.room.split("/")[0]
        if top in ("bench", "examples") or source.path.startswith("tests/guests/"):
            continue
        for pattern, instead, rooms, tests_may in _PATTERNS:
            if top in rooms or (tests_may and source.is_test):
                continue
            for match in pattern.finditer(source.code):
                begin = source.code.rfind("\n", 0, match.start()) + 1
                statement = source.code[max(0, begin - 120):match.end()]
                if match.group(0).startswith("new") and _OWNED_AT_ONCE.search(statement):
                    continue
                name = match.group(0).strip()
                where = f" (only {', '.join(sorted(rooms))})" if rooms else ""
                yield Problem(source.path, source.line_of(match.start()), f"{name}{where}: {instead}")
