"""The values that AGCX files hold: sessions, messages, and timestamps."""
