"""The program `agcx`: everything it does is named in `agcx_tui.cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from agcx_tui.cli import agcx

        agcx.main(prog_name="agcx")
    except KeyboardInterrupt:
        # Before a command was there to see it.
        sys.exit(130)


if __name__ == "__main__":
    main()
