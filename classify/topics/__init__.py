"""What many people complain about: clustering and the stored topics."""
