"""./quickstart shows the main job, and ends cleanly by itself and by Ctrl+C."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import BINARY, ROOT, wait_until

pytestmark = pytest.mark.skipif(BINARY != ROOT / "build/release/trigger-kinesis",
                                reason="quickstart builds and runs build/release, not another binary")


@pytest.fixture
def fresh_state():
    shutil.rmtree(ROOT / "build/quickstart", ignore_errors=True)


def start(tmp_path, **more):
    output = tmp_path / "quickstart.log"
    with open(output, "wb") as file:
        return output, subprocess.Popen([ROOT / "quickstart"], stdin=subprocess.DEVNULL, stdout=file,
                                        stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **more})


@pytest.mark.timeout(600)
def test_it_shows_records_and_ends_by_itself(fresh_state, tmp_path):
    output, child = start(tmp_path, QUICKSTART_SECONDS="2")
    assert child.wait(500) == 0, output.read_text()
    text = output.read_text()
    assert "first record handled after" in text
    assert int(re.search(r"records handled in this run: (\d+)", text).group(1)) > 0
    assert "after …" in text, "no checkpoint was shown"


@pytest.mark.timeout(120)
def test_a_second_run_is_quick_and_ctrl_c_ends_it(tmp_path):
    begun = time.monotonic()
    output, child = start(tmp_path)
    wait_until(lambda: "first record handled after" in output.read_text(), 60, output.read_text)
    took = time.monotonic() - begun
    time.sleep(1)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(20) == 0, output.read_text()
    assert took < 10, f"the first record took {took:.1f} s"
    assert "exit code 0" in output.read_text()
