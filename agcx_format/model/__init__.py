"""The values that AGCX files hold, and their timestamps."""
