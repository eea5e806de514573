"""Questions and small windows over a screen."""
