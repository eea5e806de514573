"""Commands that change sessions, each as an act that can be undone."""
