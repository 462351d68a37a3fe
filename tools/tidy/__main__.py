"""tools/tidy: the house rules that a compiler does not check. Run: python3 tools/tidy [root]

Each rule yields Problems; none found means exit 0. What each rule is for stands in STYLE.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import banned  # noqa: E402
import citations  # noqa: E402
import coroutines  # noqa: E402
import includes  # noqa: E402
import paths  # noqa: E402
import sizes  # noqa: E402
from source import load_tree  # noqa: E402

RULES = (includes.check, sizes.check, banned.check, coroutines.check, paths.check, citations.check)


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parents[2]).resolve()
    tree = load_tree(root)
    problems = sorted(problem for rule in RULES for problem in rule(tree))
    for problem in problems:
        print(problem)
    print(f"tidy: {len(tree.sources)} sources, {len(tree.pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
