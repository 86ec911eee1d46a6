"""What a planted fault is, and where its faulty line stands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gradprobe_reference.pieces import Pieces, Trained
from gradprobe_reference.reporting import Report
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train

Train = Callable[[Settings, Pieces, Report], Trained]


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake, planted as real code in the module that defines it.

    Attributes:
        name: What it is called on the command line.
        wrote: What the person wrote.
        follows: What follows from it.
        seen: What is seen from outside.
        pieces: The program's pieces, with the faulty one among them.
        train: The training loop; a faulty copy where the mistake is a statement of the loop.
        needs_mixed_precision: Whether it takes an enabled GradScaler to follow, on the CPU too.
    """

    name: str
    wrote: str
    follows: str
    seen: str
    pieces: Pieces = field(default_factory=Pieces)
    train: Train = train
    needs_mixed_precision: bool = False


def site_in(path: Path, name: str) -> tuple[Path, int]:
    """Find the line of a file that ends in `# FAULT <name>`; lines count from one.

    Raises:
        LookupError: No line is marked so, or several are.
    """
    marked = [
        number
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if text.endswith(f"# FAULT {name}")
    ]
    if len(marked) != 1:
        raise LookupError(f"{path} has {len(marked)} lines that end in '# FAULT {name}', expected one")
    return path, marked[0]
