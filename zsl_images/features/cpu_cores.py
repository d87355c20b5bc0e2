"""Cores: how many this process may use, which in a container is fewer than the machine has."""

from __future__ import annotations

import os
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any


def usable_cores(root: Path = Path("/")) -> int:
    """The cores that this process may use, at least 1.

    The least of three limits: the machine's cores, those that the process is bound to (`taskset`,
    Slurm), and the share of them that its control group allows (Docker, Kubernetes).

    Args:
        root: Folder below which the system's files `proc` and `sys` lie.
    """
    bound: Any = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    limits: list[int | None] = [len(bound(0)) if bound else os.cpu_count(), _group_limit(root)]
    counted: Any = getattr(os, "process_cpu_count", None)  # Python 3.13 has it, and a user's setting
    if counted:
        limits.append(counted())
    return min((limit for limit in limits if limit), default=1)


def _group_limit(root: Path) -> int | None:
    """Cores that the control group of this process and those around it allow; None without a limit."""
    groups = root / "sys/fs/cgroup"
    limits = []
    for line in _read(root / "proc/self/cgroup").splitlines() or ["0::/"]:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = groups / "cpu" if controllers else groups
        group = top / path.strip("/")
        while group != top.parent:  # a group cannot use more than those around it
            quota, _, period = _read(group / "cpu.max").partition(" ")  # version 2
            if controllers:
                quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
            with suppress(ValueError, ZeroDivisionError):  # "max", -1, or no such file
                limits.append(ceil(int(quota) / int(period)))
            group = group.parent
    return min((limit for limit in limits if limit > 0), default=None)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
