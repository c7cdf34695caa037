"""Attached files: what they are by their content, taken in without what they say about their sender, encrypted at rest.

`store_file` takes one in, `open_attachment` hands it to whoever may see its case, `upkeep` looks after what is stored.
"""

from feedback.attachments.file_store import Content, FileStore
from feedback.attachments.files import (
    SHOWN_INLINE,
    hold_for_draft,
    list_unclaimed,
    open_attachment,
    store_file,
)

__all__ = ["SHOWN_INLINE", "Content", "FileStore", "hold_for_draft", "list_unclaimed", "open_attachment", "store_file"]
