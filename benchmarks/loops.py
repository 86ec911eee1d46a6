"""The same model in the loops people use, each timing its own steps, bare and recorded in turn, or counting host reads.

python benchmarks/loops.py trainer --steps 20 --rounds 12 --out seconds.json            # blocks of steps, every other one recorded
python -m gradprobe run benchmarks/loops.py trainer --reads --out reads.json            # host reads of a few steps
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import Dataset

from benchmarks.work import SMALL, LanguageModel
from gradprobe.recording import Recording

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

BATCH: Final = 16
READ_FROM: Final = 8
"""Step at which host reads begin to be counted."""
READ_STEPS: Final = 6
"""Steps over which they are."""
SETTLING: Final = 6
"""Steps in which a framework makes itself at home and models are compiled, and as many in which the recorder does."""
TURNS: Final = ("bare", "gradprobe")
HALF: Final = 0.01


class Clock(Protocol):
    """Is told of each step, and measures something.

    Attributes:
        steps: How many it has to be told of.
    """

    steps: int

    @property
    def found(self) -> object:
        """What was measured, for JSON."""

    def tick(self) -> None:
        """Note that a step has ended."""


class Reads:
    """Counts host reads over a few steps."""

    def __init__(self) -> None:
        self.steps = READ_FROM + READ_STEPS + 1
        self.found = 0
        self._taken = 0
        self._profiler = profile(activities=[ProfilerActivity.CPU])

    def tick(self) -> None:
        """Note that a step has ended."""
        self._taken += 1
        if self._taken == READ_FROM:
            self._profiler.__enter__()
        if self._taken == READ_FROM + READ_STEPS:
            self._profiler.__exit__(None, None, None)
            rows = self._profiler.key_averages()
            self.found = sum(row.count for row in rows if row.key == "aten::_local_scalar_dense")


class Turns:
    """Measures steps, every other one recorded (0110 1001 …), so that a machine that slows down slows down both.

    The recorder stays where it is and is told to be still. As half of all steps are recorded, it is given half of the usual 2 % of
    the run for deep steps, which is 2 % of the steps in which it records.
    """

    def __init__(self, rounds: int, steps: int, folder: str, *, never: bool) -> None:
        self.steps = 2 * SETTLING + 2 * rounds * steps
        self.found: dict[str, list[list[float]]] = {name: [[] for _ in range(rounds)] for name in TURNS}
        self._length = 2 * steps
        self._folder, self._never = folder, never
        self._recorder: Recorder | None = None
        self._still = ExitStack()
        self._taken = 0
        self._begin = time.perf_counter()

    def tick(self) -> None:
        """Note that a step has ended; the other one has its turn now."""
        seconds = time.perf_counter() - self._begin
        counted = self._taken - 2 * SETTLING
        if counted >= 0:
            self.found[TURNS[_is_recorded(counted)]][counted // self._length].append(seconds)
        self._taken += 1
        if self._taken == SETTLING:
            recording = Recording("loops", [], output=Path(self._folder) / f"run-{os.getpid()}", overhead=HALF)
            self._recorder = recording.recorder
        if self._taken >= 2 * SETTLING and self._recorder is not None:
            self._still.close()
            if self._never or not _is_recorded(self._taken - 2 * SETTLING):
                self._still.enter_context(self._recorder.still())
        self._begin = time.perf_counter()


def _is_recorded(step: int) -> bool:
    return step.bit_count() % 2 == 1  # The sequence of Thue and Morse, which is even about drifts of any shape.


class Tokens(Dataset[dict[str, Tensor]]):
    """Random sequences made beforehand."""

    def __init__(self, steps: int) -> None:
        torch.manual_seed(0)
        self._tokens = torch.randint(SMALL.vocabulary, (BATCH * steps, SMALL.context + 1))

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return a sequence and its successors."""
        return {"input_ids": self._tokens[index, :-1], "labels": self._tokens[index, 1:]}

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the inputs and targets of a step."""
        tokens = self._tokens[step * BATCH : (step + 1) * BATCH]
        return tokens[:, :-1], tokens[:, 1:]


class WithLoss(nn.Module):
    """The model as trainers call it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.model = LanguageModel(SMALL)

    def forward(self, input_ids: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the loss for `input_ids` and `labels`, each `[B, T]`."""
        logits = self.model(input_ids)
        return {"loss": functional.cross_entropy(logits.flatten(0, 1), labels.flatten())}


def plain_loop(steps: int, clock: Clock, wrap: Callable[[nn.Module], Any] = lambda model: model) -> None:
    """Train by a loop written out, as `benchmarks/train.py` does."""
    tokens, model = Tokens(steps), WithLoss()
    called = wrap(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    for step in range(steps):
        inputs, targets = tokens.batch(step)
        loss = called(input_ids=inputs, labels=targets)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        clock.tick()


def ddp(steps: int, clock: Clock) -> None:
    """Train in the processes that torchrun has started, through gloo."""
    torch.distributed.init_process_group("gloo")
    plain_loop(steps, clock, nn.parallel.DistributedDataParallel)
    torch.distributed.destroy_process_group()


def compiled(steps: int, clock: Clock) -> None:
    """Train a model compiled by inductor where a C++ compiler is there, through AOT autograd alone elsewhere."""
    backend = "inductor" if shutil.which("g++") else "aot_eager"
    plain_loop(steps, clock, lambda model: torch.compile(model, backend=backend))


def trainer(steps: int, clock: Clock) -> None:
    """Train by the Trainer of transformers, which logs every ten steps."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Ticks(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.tick()

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            max_steps=steps,
            learning_rate=1e-4,
            logging_steps=10,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        )
        Trainer(model=WithLoss(), args=arguments, train_dataset=Tokens(steps), callbacks=[Ticks()]).train()


def lightning(steps: int, clock: Clock) -> None:
    """Train by Lightning, which logs the loss in every step."""
    from lightning import pytorch as pl

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = WithLoss()

        def training_step(self, batch: dict[str, Tensor]) -> Tensor:
            loss: Tensor = self.model(**batch)["loss"]
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=1e-4)

    class Ticks(pl.Callback):
        def on_train_batch_end(self, *_: Any, **__: Any) -> None:
            clock.tick()

    warnings.filterwarnings("ignore")
    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    quiet: dict[str, Any] = dict.fromkeys(off, False)
    loader = torch.utils.data.DataLoader(Tokens(steps), batch_size=BATCH)
    pl.Trainer(accelerator="cpu", max_steps=steps, callbacks=[Ticks()], **quiet).fit(Module(), loader)


KINDS: Final[dict[str, Callable[[int, Clock], None]]] = {
    "plain": plain_loop,
    "ddp": ddp,
    "compiled": compiled,
    "trainer": trainer,
    "lightning": lightning,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and write the seconds of each step or the host reads; with several processes the first one does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--reads", action="store_true", help="count host reads over a few steps instead of timing")
    parser.add_argument("--rounds", type=int, default=12, help="blocks of steps, every other step recorded")
    parser.add_argument("--steps", type=int, default=20, help="recorded steps of a block, and as many that are not")
    parser.add_argument("--never", action="store_true", help="record none of them: what is found then is noise")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        clock: Clock = Reads() if options.reads else Turns(options.rounds, options.steps, folder, never=options.never)
        KINDS[options.kind](clock.steps, clock)
    if os.environ.get("RANK", "0") == "0":
        options.out.write_text(json.dumps(clock.found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
