"""Memory that a training step frees is there for the next one."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, numpy as np
from trainlab.engines.freed_memory import keep_freed_memory
{call}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is meant")
def test_freed_memory_is_kept_for_the_next_step() -> None:
    def second_time(call: str) -> int:
        command = [sys.executable, "-c", FAULTS.format(call=call)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert second_time("keep_freed_memory()") < 100 < second_time("")
