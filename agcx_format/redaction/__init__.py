"""Secrets in a conversation: found, shown for review, and taken out.

`rules` says what a secret looks like, `scan` finds them over all texts of a session and tells where they
are, `apply` puts placeholders in their place.  `fields` knows the texts that a session has.
"""
