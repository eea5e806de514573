"""The program `agcx`: everything it does is named in `agcx_tui.cli`."""

from __future__ import annotations

import atexit
import gc
import sys

# Objects after which the garbage collector looks at new ones: more than a short command imports and makes,
# which is many times Python's 700, or 2,000 from 3.13 on.
_NEW_OBJECTS = 50_000


def main() -> None:
    """Run the command line and exit with its status.

    If the arguments can only mean the list, it is shown without parsing them, its last page at once.
    For a search, another process looks at the store's files while this one imports the rest.
    """
    gc.set_threshold(_NEW_OBJECTS)
    # Before it ends, Python would otherwise look through everything that was imported.
    atexit.register(gc.freeze)
    painted = None
    try:
        from agcx_tui.core.local import streams

        streams.prepare()
        from agcx_tui.app.startup import first_paint

        location = first_paint.list_asked_for(sys.argv[1:])
        if location is not None:
            painted = first_paint.paint(location)
            from agcx_tui.app.startup.run import show_list

            sys.exit(show_list(location, painted))
        from agcx_tui.core.search import asked_for

        look_ahead = asked_for.look_ahead(sys.argv[1:])
        from agcx_tui.cli import agcx
        from agcx_tui.cli.common import Settings

        agcx.main(prog_name="agcx", obj=Settings(look_ahead))
    except KeyboardInterrupt:
        # Before a command was there to see it.
        sys.exit(130)
    finally:
        if painted is not None:
            painted.undo()


if __name__ == "__main__":
    main()
