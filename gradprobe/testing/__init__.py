"""gradprobe inside a test suite: the plugin for pytest, and what its tests assert."""
