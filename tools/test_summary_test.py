"""What ./test counts. Run: python3 tools/test_summary_test.py"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_summary import failed_cases, part_counts  # noqa: E402

GTEST = '<testsuites><testsuite name="A">{}</testsuite></testsuites>'
OK = '<testcase name="a" status="run" result="completed"/>'
BAD = '<testcase name="b" status="run" result="completed"><failure message="no"/></testcase>'
SKIPPED = '<testcase name="c" status="run" result="skipped"><skipped/></testcase>'
CTEST = "<testsuite>{}</testsuite>"


class Summary(unittest.TestCase):
    def counts(self, status="0", **files):
        return self.of_folder(part_counts, status, **files)

    def of_folder(self, ask, status="0", **files):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "gtest").mkdir()
            (folder / "status").write_text(status)
            for file, text in files.items():
                place = folder / (file + ".xml") if file in ("ctest", "pytest") else folder / "gtest" / (file + ".xml")
                place.write_text(text)
            return ask(folder)

    def test_cases_are_counted_and_not_their_program_again(self):
        entries = '<testcase name="base" status="run"/><testcase name="tidy" status="run"/>'
        self.assertEqual(self.counts(base=GTEST.format(OK + OK + SKIPPED), ctest=CTEST.format(entries)), (3, 0))

    def test_a_failed_case_counts_once(self):
        entries = '<testcase name="base" status="fail"><failure/></testcase>'
        self.assertEqual(self.counts("8", base=GTEST.format(OK + BAD), ctest=CTEST.format(entries)), (1, 1))

    def test_a_program_that_died_counts_as_a_failure(self):
        entries = '<testcase name="base" status="fail"><failure/></testcase>'
        self.assertEqual(self.counts("8", ctest=CTEST.format(entries)), (0, 1))

    def test_a_part_without_reports_is_one_test(self):
        self.assertEqual(self.counts("0"), (1, 0))
        self.assertEqual(self.counts("1"), (0, 1))

    def test_a_part_that_failed_after_its_tests_passed_has_failed(self):
        self.assertEqual(self.counts("3", pytest=GTEST.format(OK)), (1, 1))

    def test_the_failed_cases_are_named_with_their_reasons(self):
        entries = '<testcase classname="base" name="base" status="fail"/><testcase name="tidy" status="run"/>'
        self.assertEqual(
            self.of_folder(failed_cases, "8", base=GTEST.format(OK + BAD + SKIPPED), ctest=CTEST.format(entries)),
            ["b: no", "base.base"],
        )


if __name__ == "__main__":
    unittest.main()
