"""Who may include whom: a room includes only rooms of lower levels, plus what is listed here."""

import re

from source import Problem

LEVELS = {
    "base": 0,
    "model": 1, "runtime": 1,
    "observability": 2,
    "wasm": 3, "aws": 3, "azure": 3, "http": 3, "sqlite": 3, "otel": 3, "redis": 3,
    "stream": 4, "lease": 4, "filter": 4, "batch": 4, "invoke": 4, "checkpoint": 4, "deliver": 4, "spill": 4, "host": 4, "local": 4,
    "admin": 5, "app": 5,
    "worker": 6, "watch": 6, "scaffold": 6, "records": 6,
    "cli": 7,
}

# Rooms of one level that may include another of theirs.
ALLOWED = {("checkpoint", "lease"), ("batch", "filter"), ("aws", "http"), ("azure", "http"), ("otel", "http")}
# Rooms that must not include a lower one: app yields Options, worker takes them, admin reads the status.
FORBIDDEN = {("worker", "app"), ("worker", "admin")}

# What stands in <> is a library's, even where its folder is called as a room of ours (<aws/...>).
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def room_of(include, rooms):
    """The room that an include names, or None for a library's header."""
    folder = include.rpartition("/")[0]
    while folder:
        if folder in rooms or folder in LEVELS:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def why_not(source, target):
    """Why `source` must not include a header of room `target`; None when it may."""
    room = source.room
    if room == target:
        return None
    top, target_top = room.split("/")[0], target.split("/")[0]
    if top not in LEVELS:
        return f"room {room} has no level: add it to tools/tidy/includes.py and to ARCHITECTURE.md"
    if top == target_top:
        if "/" in room and "/" not in target or room == "cli":
            return None
        return None if source.is_test else f"{room} must not include its sub-room {target}; cli picks it"
    if "/" in target and top != "cli" and not source.is_test:
        return f"{room} must not include the sub-room {target}; include {target_top} and let cli pick it"
    if (top, target_top) in ALLOWED:
        return None
    if (top, target_top) in FORBIDDEN or LEVELS[target_top] >= LEVELS[top]:
        return (f"{room} (level {LEVELS[top]}) must not include {target} (level {LEVELS[target_top]}): "
                "put what both need into a lower room, or join them in worker or cli")
    return None


def check(tree):
    for source in tree.sources:
        if not source.path.startswith("src/"):
            continue
        for match in _INCLUDE.finditer(source.text):
            line = source.text.count("\n", 0, match.start()) + 1
            include = match.group(1)
            if include.startswith("tests/"):
                if not source.is_test:
                    yield Problem(source.path, line, "nothing in src includes tests/")
                continue
            if include in ("bridge.h", "bridge/bridge.h", "kt_bridge.h"):
                if source.room != "wasm":
                    yield Problem(source.path, line, "only wasm/ includes the bridge; use wasm/'s types")
                continue
            target = room_of(include, tree.rooms)
            reason = target and why_not(source, target)
            if reason:
                yield Problem(source.path, line, reason)
