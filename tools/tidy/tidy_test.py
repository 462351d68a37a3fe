"""Each rule finds what is planted, and leaves good code alone. Run: python3 tools/tidy/tidy_test.py"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import banned  # noqa: E402
import citations  # noqa: E402
import coroutines  # noqa: E402
import includes  # noqa: E402
import paths  # noqa: E402
import sizes  # noqa: E402
from source import blank, load_tree  # noqa: E402


class Planted(unittest.TestCase):
    def problems(self, rule, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [str(problem) for problem in rule(load_tree(Path(folder).resolve()))]

    def found(self, rule, files, fragment):
        problems = self.problems(rule, files)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(fragment, problems[0])

    def clean(self, rule, files):
        self.assertEqual(self.problems(rule, files), [])


class Citations(Planted):
    PAGE = "docs/reference/compared.md"
    HEAD = "| Row | Here | Test |\n|---|---|---|\n"

    def test_a_cited_test_must_exist(self):
        tests = {"src/a_test.cc": "TEST(Lane, KeepsOrder) {}\n", "tests/test_x.py": "def test_it():\n    pass\n"}
        rows = self.HEAD + "| order | yes | `Lane.KeepsOrder`, `test_x.py::test_it` |\n"
        self.clean(citations.check, {**tests, self.PAGE: rows})
        self.found(citations.check, {**tests, self.PAGE: rows.replace("Keeps", "Loses")}, "which is no test")

    def test_a_row_without_a_test_says_why(self):
        self.found(citations.check, {self.PAGE: self.HEAD + "| order | yes | |\n"}, "names no test")
        self.clean(citations.check, {self.PAGE: self.HEAD + "| Kafka | no | does not apply: no Kafka |\n"})


class Includes(Planted):
    def test_a_lower_room_must_not_include_a_higher_one(self):
        self.found(includes.check, {"src/lease/a.cc": '#include "worker/worker.h"\n'}, "must not include worker")

    def test_rooms_of_one_level_do_not_meet(self):
        self.found(includes.check, {"src/stream/a.cc": '#include "lease/lease.h"\n'}, "must not include lease")
        self.found(includes.check, {"src/lease/a.cc": '#include "checkpoint/c.h"\n'}, "must not include checkpoint")
        self.clean(includes.check, {"src/checkpoint/a.cc": '#include "lease/lease.h"\n'})
        self.clean(includes.check, {"src/aws/a.cc": '#include "http/transport.h"\n'})
        self.found(includes.check, {"src/http/a.cc": '#include "aws/signer.h"\n'}, "must not include aws")

    def test_worker_and_app_do_not_know_each_other(self):
        self.found(includes.check, {"src/worker/a.cc": '#include "app/app.h"\n'}, "must not include app")
        self.found(includes.check, {"src/app/a.cc": '#include "worker/worker.h"\n'}, "must not include worker")

    def test_a_room_does_not_include_its_sub_room_but_a_sub_room_its_room(self):
        files = {"src/lease/sqlite/t.h": "", "src/lease/a.cc": '#include "lease/sqlite/t.h"\n'}
        self.found(includes.check, files, "sub-room")
        self.clean(includes.check, {"src/lease/sqlite/t.cc": '#include "lease/lease_table.h"\n'})
        self.clean(includes.check, {"src/lease/sqlite/t.h": "", "src/cli/a.cc": '#include "lease/sqlite/t.h"\n'})
        self.found(includes.check, {"src/lease/sqlite/t.h": "", "src/app/a.cc": '#include "lease/sqlite/t.h"\n'},
                   "let cli pick it")

    def test_only_wasm_sees_the_bridge_and_nothing_sees_tests(self):
        self.found(includes.check, {"src/invoke/a.cc": '#include "bridge.h"\n'}, "only wasm/")
        self.found(includes.check, {"src/invoke/a.cc": '#include "tests/support/x.h"\n'}, "tests/")
        self.clean(includes.check, {"src/invoke/a_test.cc": '#include "tests/support/x.h"\n'})


class Sizes(Planted):
    HEADER = "// base/a.h — Says what a is.\n#pragma once\n"

    def with_page(self, files):
        return {"src/base/README.md": "base\n", **files}

    def test_long_files(self):
        self.found(sizes.check, self.with_page({"src/base/a.cc": "int x;\n" * 601}), "601 lines")
        self.found(sizes.check, self.with_page({"src/base/a.h": self.HEADER + "\n" * 249}), "251 lines")
        self.clean(sizes.check, self.with_page({"src/base/a.cc": "int x;\n" * 600}))

    def test_long_functions_are_found_wherever_they_stand(self):
        body = "  x();\n" * 70
        for text in (
            "namespace kt {\nvoid f() {\n" + body + "}\n}\n",
            "namespace {\nclass A {\n public:\n  int f() const noexcept {\n" + body + "  }\n};\n}\n",
            "A::A(int a) : a_{a}, b_(1), c_{2} {\n" + body + "}\n",
            "TEST(A, Is) {\n" + body + "}\n",
            "template <class T>\nauto f(T t) -> std::vector<T> {\n" + body + "}\n",
        ):
            self.found(sizes.check, self.with_page({"src/base/a.cc": text}), "function of 72 lines")

    def test_short_functions_in_a_long_class_are_fine(self):
        text = "struct A {\n" + "  void f() {\n    x();\n  }\n" * 40 + "};\nnamespace kt {\n" + "int a;\n" * 100 + "}\n"
        self.clean(sizes.check, self.with_page({"src/base/a.cc": text}))

    def test_headers_begin_with_their_purpose(self):
        self.found(sizes.check, self.with_page({"src/base/a.h": "#pragma once\n"}), "first line")
        self.found(sizes.check, self.with_page({"src/base/a.h": "// base/a.h — Says.\n"}), "#pragma once")
        self.clean(sizes.check, self.with_page({"src/base/a.h": self.HEADER}))

    def test_a_room_without_a_page(self):
        self.found(sizes.check, {"src/base/a.cc": ""}, "every room has a page")


class Banned(Planted):
    def test_each_banned_call_is_found_outside_its_rooms(self):
        for call in ("auto t = std::chrono::system_clock::now();", "asio::steady_timer t(x);", "int r = rand();",
                     "std::this_thread::sleep_for(1s);", 'auto e = std::getenv("A");', "spawn(x, detached);",
                     "auto p = new Thing(1);", "asio::co_spawn(a, b, c);", "std::thread t(f);", "std::mutex m;",
                     "std::cout << 1;", "std::random_device d;"):
            self.found(banned.check, {"src/lease/a.cc": call + "\n"}, "src/lease/a.cc:1")

    def test_the_wrapping_rooms_may(self):
        self.clean(banned.check, {"src/runtime/clock.cc": "auto t = std::chrono::steady_clock::now();\n"})
        self.clean(banned.check, {"src/cli/main.cc": 'auto e = getenv("HOME");\n'})

    def test_words_in_comments_strings_and_names_are_fine(self):
        self.clean(banned.check, {"src/lease/a.cc": '// a new lease, detached\nauto s = "new x rand()";\n'
                                                    "int new_count = operand(1); Time renew(int);\n"
                                                    "auto p = std::unique_ptr<A>(new A(1));\n"
                                                    "auto n = std::thread::hardware_concurrency();\n"})

    def test_a_test_must_not_sleep(self):
        self.found(banned.check, {"tests/sim/a.cc": "std::this_thread::sleep_for(1s);\n"}, "VirtualClock")


class Coroutines(Planted):
    def bad(self, statement):
        self.found(coroutines.check, {"src/lease/a.cc": "Task<void> f() {\n  " + statement + "\n}\n"}, "co_await")

    def good(self, statement):
        self.clean(coroutines.check, {"src/lease/a.cc": "Task<void> f() {\n  " + statement + "\n}\n"})

    def test_braced_temporaries(self):
        self.bad("co_await val(Agg{});")
        self.bad("co_await val({});")
        self.bad("CO_TRY(auto x, queue.push(Item{1, 2}, 3));")
        self.bad("auto x = co_await put({.a = 1}, y);")
        self.bad("if (co_await f(Agg{1})) {\n  }")
        self.bad("co_return Pair{1, co_await x()};")

    def test_lambdas(self):
        self.bad("co_await on(pool, [k] { return k; });")
        self.bad("auto r = co_await [a]() { return a(); }();")

    def test_named_first_is_fine(self):
        self.good("Agg a{1};\n  auto aw = val(std::move(a));\n  co_await aw;")
        self.good("auto work = [k] { return k; };\n  co_await on(pool, work);")
        self.good("auto x = table[co_await key()];\n  auto y = co_await at(list[3], i);")
        self.good("for (auto& x : co_await all()) {\n    use(x);\n  }")
        self.good("if (co_await ready()) {\n    return_(Agg{1});\n  }")
        self.good("Thing thing{co_await part()};")
        self.good("CO_TRY(auto x, fetch(id));\n  if (!x) {\n    co_return Foo{1};\n  }")
        self.good("switch (co_await next()) {\n    case 1: {\n      break;\n    }\n  }")
        self.good("while (true) {\n    co_await clock.sleep(1ms);\n  }")


class Paths(Planted):
    def test_a_missing_path(self):
        self.found(paths.check, {"src/lease/a.h": "", "README.md": "See `lease/b.h` there.\n"}, "lease/b.h")
        self.found(paths.check, {"README.md": "[page](docs/x.md)\n"}, "docs/x.md")

    def test_paths_that_exist_and_words_that_are_none(self):
        self.clean(paths.check, {"src/lease/a.h": "", "docs/x.md": "", "README.md":
                                 "`lease/a.h` `src/lease/` [x](docs/x.md) `and/or` `.` `build/release/x` [w](https://a.b/c)\n"
                                 "```\nlease/gone.h\n```\n"})


class Blank(unittest.TestCase):
    def test_lines_stay_where_they_were(self):
        text = 'int a; // x\n/* y\n z */ auto s = "q\\"{"; auto r = R"(a\n{b)"; char c = \'{\'; int n = 1\'000;\n'
        blanked = blank(text)
        self.assertEqual(blanked.count("\n"), text.count("\n"))
        self.assertNotIn("{", blanked)
        self.assertIn("1'000", blanked)


if __name__ == "__main__":
    unittest.main()
