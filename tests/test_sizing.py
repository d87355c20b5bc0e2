"""The laws of the model that sizes large runs; `benchmarks/sizing.py` measures its numbers."""

from __future__ import annotations

from types import ModuleType

import pytest
from benchmark_files import load_benchmark


@pytest.fixture(scope="module")
def sizing() -> ModuleType:
    return load_benchmark("sizing")


def test_the_model_goes_through_the_points_that_it_was_made_from(sizing: ModuleType) -> None:
    start, per_photo = sizing.line_through((100, 4.0), (300, 8.0))
    model = sizing.Model(start, per_photo, 40_000, 120)
    assert model.seconds(100, 1) == pytest.approx(4)
    assert model.seconds(300, 1) == pytest.approx(8)
    assert model.seconds(300, 2) == pytest.approx(start + 3)


def test_a_slow_store_limits_what_cores_could_do(sizing: ModuleType) -> None:
    model = sizing.Model(10, 0.01, 50_000, 100)
    fast = sizing.plan(model, 10**8, machines=10, cores=16, price=2, store=10_000)
    assert (fast.bottleneck, fast.labels) == ("cores", 10)
    assert fast.hours == pytest.approx((10 + 10**6 / 160) / 3600)
    assert fast.read == pytest.approx(160 / 0.01 * 0.05)
    assert fast.price == pytest.approx(fast.hours * 20)
    assert fast.photos == pytest.approx(5)
    assert (fast.machines, fast.resuming) == (10, pytest.approx(15.7))
    slow = sizing.plan(model, 10**8, machines=10, cores=16, price=2, store=100)
    assert (slow.bottleneck, slow.read) == ("store", pytest.approx(100))
    assert slow.hours == pytest.approx((10 + 50_000) / 3600)


def test_as_many_machines_as_finish_in_time(sizing: ModuleType) -> None:
    model = sizing.Model(10, 0.01, 50_000, 100)
    for photos, hours in ((10**6, 24), (10**8, 2.5), (10**9, 24)):
        machines = model.machines(photos, 16, hours)
        assert model.seconds(photos, 16 * machines) <= 3600 * hours
        assert machines == 1 or model.seconds(photos, 16 * (machines - 1)) > 3600 * hours
