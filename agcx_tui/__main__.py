"""The program `agcx`: everything it does is named in `agcx_tui.cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status.

    Where the last page of the list can be painted, the list was asked for, and it is shown without one.
    """
    painted = None
    try:
        from agcx_tui import first_paint

        painted = first_paint.paint(sys.argv[1:])
        if painted is not None:
            from agcx_tui.opening import show_list

            sys.exit(show_list(painted))
        from agcx_tui.cli import agcx
        from agcx_tui.cli.common import Settings

        agcx.main(prog_name="agcx", obj=Settings())
    except KeyboardInterrupt:
        # Before a command was there to see it.
        sys.exit(130)
    finally:
        if painted is not None:
            painted.undo()


if __name__ == "__main__":
    main()
