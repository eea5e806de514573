"""Text from a file, made safe for the terminal: the library's rule, under the name that the app uses."""

from agcx_format.transcript.safe_text import safe_line, safe_text

__all__ = ["safe_line", "safe_text"]
