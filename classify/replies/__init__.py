"""Quality checks of replies."""
