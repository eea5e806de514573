"""The app (`agcx_tui.app`), the command line (`cli`), and what both share (`core`)."""
