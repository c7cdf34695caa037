"""Does it work in the hands of people? The served site in a real Chromium: every page, every task, by every means."""
