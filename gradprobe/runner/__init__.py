"""Running somebody's program as itself: its `__main__`, its arguments, its exit code, its traceback."""
