"""`python -m gradprobe_reference`."""

import sys

from gradprobe_reference.command_line import main

if __name__ == "__main__":
    sys.exit(main())
