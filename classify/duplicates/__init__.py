"""The same matter submitted twice: near-duplicate texts and proposed links."""
