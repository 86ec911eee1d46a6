"""What the recorder withstands: faults of its own, threads, forks, kills, disks."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import resource
import shutil
import signal
import threading
import time

import psutil
import pytest
import torch
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks, register_optimizer_step_post_hook

import gradprobe
from gradprobe.errors import RecordError, UsageError
from gradprobe.record.reader import read_record
from gradprobe.recorder import layout
from gradprobe.recording import Recording
from tests.support.training import Classifier, batches, recorded

cross_entropy = nn.functional.cross_entropy


def _loop(steps, on_step=lambda number: None):
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    inputs, classes = batches(1)[0]
    for number in range(steps):
        optimizer.zero_grad()
        loss = cross_entropy(model(inputs), classes)
        loss.backward()
        optimizer.step()
        on_step(number)
    return loss.item()


def _tell(file, number):
    os.write(file, number.to_bytes(4, "little"))


def test_fault_of_the_recorder_ends_the_recording_and_not_the_training(tmp_path, monkeypatch, capfd):
    def raises(*_: object, **__: object) -> None:
        raise LookupError("a fault of ours")

    done = []

    def on_step(number):
        done.append(number)
        if number == 4:
            monkeypatch.setattr(layout.Layout, "bind", raises)

    with gradprobe.watch(tmp_path / "run") as watch:
        _loop(10, on_step)
    assert len(done) == 10
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "gradprobe: recording ended after 5 steps, training goes on: LookupError: a fault of ours" in error
    run = watch.run()
    assert run.facts.steps == 5
    failed = run.events[run.events.event == "RecorderFailed"]
    assert failed.details.tolist() == ["message=LookupError: a fault of ours"]


def test_full_disk_in_mid_run(tmp_path, capfd):
    def on_step(number):
        if number == 300:  # The first 256 steps are written by then.
            connection = gradprobe._active.recorder.writer._connection
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        time.sleep(0.001)

    with gradprobe.watch(tmp_path / "run") as watch:
        _loop(800, on_step)
    error = capfd.readouterr().err
    assert error.count("\n") == 1 and "database or disk is full" in error and "training goes on" in error
    assert 0 < watch.run().facts.steps < 800


def test_file_size_limit_in_mid_run(tmp_path, capfd):
    """Every write to a file fails from step 20 on, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_step(number):
        if number == 20:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        time.sleep(0.001)

    done = []
    try:
        with capfd.disabled(), gradprobe.watch(tmp_path / "run") as watch:
            _loop(200, lambda number: (on_step(number), done.append(number)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    # Not even the line on stderr can be written, where that is a file.
    assert len(done) == 200
    assert watch.run().facts.exit_code is None


def test_run_directory_removed_in_mid_run(tmp_path):
    def on_step(number):
        if number == 20:
            shutil.rmtree(tmp_path / "run")

    with gradprobe.watch(tmp_path / "run"):
        assert _loop(100, on_step) < 2.0


def test_two_threads_that_train(tmp_path):
    def train():
        threads = [threading.Thread(target=_loop, args=(50,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    record = recorded(train, tmp_path / "run").record
    assert sum(optimizer.steps for optimizer in record.optimizers) == 100
    assert sum(seen.count for seen in record.calls if type(seen.call).__name__ == "Backward") == 100
    # The slower thread builds its model when the other trains already, which is worth an incident; nothing else is.
    assert {type(seen.incident).__name__ for seen in record.incidents} <= {"ParameterCreated"}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # From Python 3.12 on, of any fork.
def test_forked_child_leaves_the_record_alone(tmp_path):
    def on_step(number):
        if number != 5:
            return
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _loop(3)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0

    torch.set_num_threads(1)  # A child forked from a process with OpenMP threads may not start its own.
    run = recorded(lambda: _loop(10, on_step), tmp_path / "run")
    assert run.facts.steps == 10


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # From Python 3.12 on, of any fork.
def test_record_survives_sigkill_at_any_moment(tmp_path):
    """Kills 20 trainings at random moments; each record opens, and holds all steps but those of the last flush."""
    torch.set_num_threads(1)
    randomly = random.Random(0)
    for attempt in range(20):
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            with gradprobe.watch(tmp_path / str(attempt)):
                _loop(100_000, functools.partial(_tell, write_end))
            os._exit(0)
        os.close(write_end)
        told, deadline = b"", time.monotonic() + randomly.uniform(0.05, 1.0)
        while time.monotonic() < deadline or len(told) < 4:
            told += os.read(read_end, 4)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while rest := os.read(read_end, 4096):
            told += rest
        os.close(read_end)
        taken = len(told) // 4
        try:
            record = read_record(tmp_path / str(attempt) / "rank-0.sqlite")
        except RecordError as error:
            pytest.fail(f"killed after {taken} steps: {error}")
        rows = record.steps
        assert rows.index.tolist() == list(range(len(rows)))
        # A flush comes after half a second or 256 steps, and one step is always open.
        missing = taken - len(rows)
        assert missing <= 257
        if len(rows):
            assert record.modules[0].counts.flowing == len(rows)


def test_twenty_thousand_steps_leave_memory_and_record_flat(tmp_path):
    process = psutil.Process()
    sizes, resident = {}, {}

    def on_step(number):
        if number in (10_000, 19_999):
            sizes[number] = sum(file.stat().st_size for file in (tmp_path / "run").iterdir())
            resident[number] = process.memory_info().rss

    run = recorded(lambda: _loop(20_000, on_step), tmp_path / "run")
    assert run.facts.steps == 20_000
    assert run.record.modules[0].counts.flowing == 20_000
    # Rows double in span with age: 2048 + 1024 more steps need one more level of at most 2048 + 64 rows of about 400 bytes.
    assert sizes[19_999] - sizes[10_000] < 2_112 * 500
    assert resident[19_999] - resident[10_000] < 8 * 2**20


def test_one_recording_at_a_time(tmp_path):
    with gradprobe.watch(tmp_path / "first"), pytest.raises(UsageError, match="one recording at a time"):
        Recording("second", [], output=tmp_path / "second")


def test_script_that_watches_itself_joins_the_recording_around_it(tmp_path):
    with gradprobe.watch(tmp_path / "outer") as outer:
        with gradprobe.watch(tmp_path / "inner") as inner:
            _loop(3)
        _loop(2)
    assert inner.path == outer.path == tmp_path / "outer"
    assert not (tmp_path / "inner").exists()
    assert sum(optimizer.steps for optimizer in outer.run().record.optimizers) == 5


def test_exception_of_the_script_goes_its_way_and_is_recorded(tmp_path):
    watch = gradprobe.watch(tmp_path / "run")
    with pytest.raises(RuntimeError, match="second time"), watch:
        weight = nn.Parameter(torch.ones(2))
        loss = weight.exp().sum()
        loss.backward()
        loss.backward()  # the second time
    events = watch.run().events
    crashed = events[events.event == "Crashed"]
    assert crashed.code.tolist() == ["loss.backward()  # the second time"]
    assert "during=backward" in crashed.details.iloc[0]
    assert watch.run().facts.exception.startswith("RuntimeError: Trying to backward through the graph a second time")


def test_warning_of_torch_is_recorded_with_the_users_line(tmp_path):
    import warnings

    def train():
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            nn.functional.mse_loss(torch.zeros(4, 1), torch.zeros(4))  # broadcasts

    with pytest.warns(UserWarning, match="target size"):
        nn.functional.mse_loss(torch.zeros(4, 1), torch.zeros(4))
    events = recorded(train, tmp_path / "run").events
    warned = events[events.event == "Warned"]
    assert warned.code.tolist() == ["nn.functional.mse_loss(torch.zeros(4, 1), torch.zeros(4))  # broadcasts"]


@pytest.mark.parametrize(
    "observer", ["call", "backward_begins", "optimizer_begins", "optimizer_ended", "_note_metrics"]
)
def test_every_observer_may_fail(tmp_path, monkeypatch, capfd, observer):
    from gradprobe.recorder.recorder import Recorder

    def raises(*_: object, **__: object) -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(Recorder, observer, raises)
    done = []
    with gradprobe.watch(tmp_path / "run"):
        _loop(4, lambda number: (gradprobe.log(number=number), done.append(number)))
    assert len(done) == 4
    assert capfd.readouterr().err.count("training goes on: LookupError: a fault of ours") == 1


def test_guard_defers_only_what_its_own_thread_interrupts():
    from gradprobe.recorder.guard import Guard

    guard, order = Guard(lambda error: None), []
    guard.active = True
    entered, leave = threading.Event(), threading.Event()

    @guard.guarded
    def observe():
        guard.when_idle(lambda: order.append("deferred"))
        order.append("observed")

    @guard.guarded
    def observe_long():
        entered.set()
        leave.wait(10)

    observe()
    assert order == ["observed", "deferred"]
    other = threading.Thread(target=observe_long)
    other.start()
    entered.wait(10)
    guard.when_idle(lambda: order.append("at once"))
    assert order[-1] == "at once"
    leave.set()
    other.join()


def test_different_faults_at_one_line_are_told_apart(tmp_path):
    def train():
        for message in ("out of memory in batch 1", "out of memory in batch 2", "shapes do not fit"):
            weight = nn.Parameter(torch.ones(2))
            loss = weight.sum()
            loss.register_hook(_raiser(message))
            with contextlib.suppress(RuntimeError):
                loss.backward()

    events = recorded(train, tmp_path / "run").events
    crashed = events[events.event == "Crashed"]
    assert crashed["count"].tolist() == [2, 1]


def _raiser(message):
    def hook(gradient):
        raise RuntimeError(message)

    return hook


def test_a_fault_in_a_step_leaves_the_hooks_of_others_alone(tmp_path, monkeypatch, capfd):
    """Torch goes through its hooks just then, and ours is among them."""
    seen = []
    with gradprobe.watch(tmp_path / "run"):
        handle = register_optimizer_step_post_hook(lambda *_: seen.append(1))
        try:
            monkeypatch.setattr(layout.Layout, "bind", lambda *_, **__: 1 / 0)
            _loop(3)
        finally:
            handle.remove()
    assert len(seen) == 3
    assert not _global_optimizer_post_hooks


def test_what_an_optimizer_is_given_is_given_to_it(tmp_path):
    """A callable that is no plain closure is what the optimizer expects to get, whatever it does with it."""

    class Perturbing(torch.optim.SGD):
        def step(self, model):
            for parameter in model.parameters():
                parameter.data.add_(0.1)
            return super().step()

    class Closure:
        resets = 0

        def __call__(self):
            return None

    class Resetting(torch.optim.SGD):
        def step(self, closure=None):
            closure.resets += 1
            return super().step()

    model = Classifier()
    inputs, classes = batches(1)[0]
    closure = Closure()
    with gradprobe.watch(tmp_path / "run") as watch:
        for optimizer, given in (
            (Perturbing(model.parameters(), lr=0.1), model),
            (Resetting(model.parameters(), lr=0.1), closure),
        ):
            cross_entropy(model(inputs), classes).backward()
            optimizer.step(given)
            optimizer.zero_grad()
    assert (closure.resets, watch.steps) == (1, 1)
