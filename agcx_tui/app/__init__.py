"""The program on a screen, with Textual."""
