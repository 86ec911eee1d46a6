"""The record: how a run is written, kept small, read and exported."""
