from __future__ import annotations

import os
from pathlib import Path

import pytest

from zsl_images.features.cpu_cores import usable_cores


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose machine has 64 cores, of which the process is bound to 16."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 16, raising=False)
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu/box").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/outer/inner").mkdir(parents=True)
    return tmp_path


def test_a_process_has_the_cores_that_it_is_bound_to(root: Path) -> None:
    assert usable_cores(root) == 16


@pytest.mark.parametrize(("quota", "cores"), [("250000 100000", 3), ("max 100000", 16), ("x", 16)])
def test_a_container_has_its_share_of_them(root: Path, quota: str, cores: int) -> None:
    (root / "sys/fs/cgroup/cpu.max").write_text(quota)
    assert usable_cores(root) == cores


def test_a_group_has_no_more_than_those_around_it(root: Path) -> None:
    (root / "proc/self/cgroup").write_text("0::/outer/inner\n")
    (root / "sys/fs/cgroup/outer/cpu.max").write_text("200000 100000\n")
    (root / "sys/fs/cgroup/outer/inner/cpu.max").write_text("800000 100000\n")
    assert usable_cores(root) == 2


@pytest.mark.parametrize(("quota", "cores"), [("50000", 1), ("-1", 16)])
def test_groups_of_the_first_version_count_too(root: Path, quota: str, cores: int) -> None:
    (root / "proc/self/cgroup").write_text("3:memory:/box\n4:cpu,cpuacct:/box\n")
    (root / "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us").write_text(quota)
    (root / "sys/fs/cgroup/cpu/box/cpu.cfs_period_us").write_text("100000")
    assert usable_cores(root) == cores
