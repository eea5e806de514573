"""The values that AGCX files hold: sessions, messages, and timestamps.

Importing any of them brings the checks of their fields.
"""

from agcx_format.model import value_checks as _value_checks  # noqa: F401
