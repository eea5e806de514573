"""`agcx`: the app (`agcx_tui.app`), the command line (`agcx_tui.cli`), and what both share (`agcx_tui.core`)."""
