"""What is said and done, on a screen or not: no Textual, no click."""
