"""The record's format: one SQLite file for one rank.

A record is a cache of what happened, written while it happens: tables of names (`parameters`, `modules`, `optimizers`,
`metrics`, `calls`, `patterns`), one row a step that refers to them by position, and `totals` that count over every step
although old rows are thinned.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 2
"""Raised whenever a reader of the previous version could misread a record."""

APPLICATION_ID: Final = 0x67726164
"""`grad`: marks an SQLite file as a record, before any table is looked at."""

TABLES: Final = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE parameters (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, module TEXT NOT NULL, shape TEXT NOT NULL, dtype TEXT NOT NULL,
    device TEXT NOT NULL, trainable INTEGER NOT NULL, optimizer INTEGER, "group" INTEGER, objects INTEGER NOT NULL
);
CREATE TABLE modules (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, depth INTEGER NOT NULL, parameters BLOB NOT NULL);
CREATE TABLE optimizers (id INTEGER PRIMARY KEY, type TEXT NOT NULL, built TEXT, steps INTEGER NOT NULL, settings TEXT NOT NULL);
CREATE TABLE groups (id INTEGER PRIMARY KEY, optimizer INTEGER NOT NULL);
CREATE TABLE metrics (id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL,
    first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, count INTEGER NOT NULL
);
CREATE TABLE patterns (id INTEGER PRIMARY KEY, calls BLOB NOT NULL);
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL,
    first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, count INTEGER NOT NULL
);
CREATE TABLE observations (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL,
    first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, count INTEGER NOT NULL
);
CREATE TABLE accounts (parameter INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, span INTEGER NOT NULL, level INTEGER NOT NULL, kept INTEGER NOT NULL, time REAL NOT NULL,
    seconds REAL NOT NULL, pattern INTEGER NOT NULL, norms BLOB NOT NULL, lowest BLOB, highest BLOB,
    learning_rates BLOB NOT NULL, metrics BLOB NOT NULL, metrics_lowest BLOB, metrics_highest BLOB
);
CREATE INDEX steps_by_level ON steps (level, kept, id);
CREATE TABLE digests (step INTEGER NOT NULL, what TEXT NOT NULL, positions BLOB NOT NULL, bits BLOB NOT NULL, norms BLOB NOT NULL);
CREATE TABLE totals (kind TEXT PRIMARY KEY, counts BLOB NOT NULL);
"""

CREATION: Final = f"""
PRAGMA synchronous = OFF;
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
{TABLES}
COMMIT;
"""
"""Makes a new file a record, in one transaction, so that nobody meets half of one."""
