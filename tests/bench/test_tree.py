import subprocess
import sys

from tests.bench.tree import Tree
from tests.load.memory import needs_proc

pytestmark = needs_proc

# Starts another, and both wait to be ended; the first has taken a tenth of a second of CPU time before it says so.
FAMILY = """\
import subprocess, sys, time
while time.process_time() < 0.1: pass
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_a_tree_is_all_processes_of_a_session() -> None:
    with subprocess.Popen(
        (sys.executable, "-c", FAMILY), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        tree = Tree(process.pid)
        assert {*tree.pids()} == {process.pid, child}
        assert {*tree.cpu_seconds()} == {process.pid, child}
        assert tree.cpu_seconds()[process.pid] >= 0.05
        assert tree.proportional_octets() > 0
        tree.reset_peaks()
        assert all(octets > 0 for octets in tree.resident_octets("VmHWM").values())
        process.communicate()
    assert {*tree.pids()} == set()
    assert tree.proportional_octets() == 0
