"""What a notebook calls the source of a cell: `In[3]`, as in its own tracebacks, in place of the name of a file that is not there."""

from __future__ import annotations

import linecache
import sys


def cell_name(file: str) -> str | None:
    """Return the name of the cell that a source file stands for; None where it is no cell's.

    The cell's lines can be read by that name, too.

    Args:
        file: What the interpreter calls the source.
    """
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    name_of = getattr(getattr(shell, "compile", None), "format_code_name", None)
    named = None if name_of is None else name_of(file)  # `("Cell", "In[3]")`
    if named is None:
        return None
    name = str(named[1])
    lines = linecache.getlines(file)
    # Without a time of change, it is kept until it is replaced.
    linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    return name
