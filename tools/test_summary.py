"""Counts the tests of one part of ./test, or of all parts, and names those that failed.

A part's folder holds what its tools left: gtest/*.xml (one a test program), ctest.xml, pytest.xml,
and `status`, the part's exit status. A test program that died left no report of its own, so ctest's
entry stands for it. A part without any report counts as one test.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

LONGEST_REASON = 600


def has_failed(case):
    return (
        case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
    )


def suite_counts(root):
    """(passed, failed) of the test cases under a JUnit or gtest report's root."""
    passed = failed = 0
    for case in root.iter("testcase"):
        if has_failed(case):
            failed += 1
        elif case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
            continue
        else:
            passed += 1
    return passed, failed


def failed_cases(folder):
    """A line for each of the part's failed cases: its full name, and the start of the reason where one is given."""
    lines = []
    for path in [*sorted((folder / "gtest").glob("*.xml")), folder / "ctest.xml", folder / "pytest.xml"]:
        root = read(path)
        for case in root.iter("testcase") if root is not None else ():
            if not has_failed(case):
                continue
            name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
            reasons = [reason.get("message", "") for reason in case if reason.tag in ("failure", "error")]
            text = " ".join(" ".join(reasons).split())[:LONGEST_REASON]
            lines.append(f"{name}: {text}" if text else name)
    return lines


def read(path):
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None


def part_counts(folder):
    passed = failed = 0
    reports = 0
    programs_passed = programs_failed = 0
    for path in sorted((folder / "gtest").glob("*.xml")):
        root = read(path)
        if root is None:
            continue
        reports += 1
        program_passed, program_failed = suite_counts(root)
        passed += program_passed
        failed += program_failed
        if program_failed:
            programs_failed += 1
        else:
            programs_passed += 1
    ctest = read(folder / "ctest.xml")
    if ctest is not None:
        reports += 1
        entries_passed, entries_failed = suite_counts(ctest)
        passed += max(0, entries_passed - programs_passed)
        failed += max(0, entries_failed - programs_failed)
    pytest = read(folder / "pytest.xml")
    if pytest is not None:
        reports += 1
        more_passed, more_failed = suite_counts(pytest)
        passed += more_passed
        failed += more_failed
    status = (folder / "status").read_text().strip() if (folder / "status").exists() else "1"
    if status != "0" and failed == 0:
        failed += 1
    elif reports == 0:
        passed += 1
    return passed, failed


def main(arguments):
    if arguments[:1] == ["--total"]:
        parts = sorted(path for path in Path(arguments[1]).iterdir() if path.is_dir())
        counts = [part_counts(part) for part in parts]
        passed = sum(count[0] for count in counts)
        failed = sum(count[1] for count in counts)
        for part in parts:
            for line in failed_cases(part):
                print(f"failed: {line}")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0
    passed, failed = part_counts(Path(arguments[0]))
    for line in failed_cases(Path(arguments[0])):
        print(f"failed: {line}")
    print(f"{passed} ok, {failed} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
