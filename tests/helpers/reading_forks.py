"""Reads many MATLAB files as `matlab_files` reads one, but in forks, which start at once.

Each line of the input holds FILE, FOLDER and the names of variables. Each line of the output is the
exit status of a fork and the most memory that it took, in bytes.
"""

from __future__ import annotations

import os
import resource
import sys
from importlib import import_module

from zsl_images.evaluation import matlab_reader

MEMORY = 2**30
CPU_SECONDS = 5
UNIT = 1 if sys.platform == "darwin" else 1024


def fork(path: str, folder: str, *names: str) -> None:
    """Read a file in this process, a fork, and end it."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        matlab_reader.main(path, folder, str(MEMORY), *names)
    except SystemExit:
        os._exit(1)
    except BaseException:
        os._exit(99)
    os._exit(0)


if __name__ == "__main__":
    for reader in ("scipy.io", "h5py"):
        import_module(reader)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            fork(*line.rstrip("\n").split("\t"))
        _, status, usage = os.wait4(child, 0)
        print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * UNIT)
