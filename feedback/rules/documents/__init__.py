"""What lies inside an office document or a PDF, and whether it may be handed on to a clerk. Pure: bytes in, a kind out.

Whoever wrote the bytes may mean harm, so this runs in a process of its own (`python -m feedback.rules.documents`) with
limits on memory and time. Documents are refused, never changed: an electronic invoice or a signed letter that was
written anew proves nothing any more.
"""
