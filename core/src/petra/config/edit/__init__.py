"""Lossless editing: operations on a document become minimal edits of its text, and every other byte stays.

    from petra.config.edit import Set, edit_texts

    edited = edit_texts({"plant.yaml": text}, [Set("signals[tank.level].unit", "cm")], catalog)
    edited.files["plant.yaml"].text      # the new text
    edited.files["plant.yaml"].edits     # what was removed and inserted, at which offsets of the old text
    edited.files["plant.yaml"].inverse   # the edits that restore the old text from the new one

`Set`, `Add`, `Remove` and `Rename` are values. A path names a place as problems do: `signals[3].unit`, or
with the name of an item, `blocks[pump_start].inputs.in1`; a key with dots is written `params["a.b"]`. The
operations of one call are done together or not at all: `EditError` has the place, the reason and what was
probably meant.

Offsets count code points of the text, a byte order mark included. Decode and encode a file as UTF-8, and
nothing of it is lost: `apply_edits(new, inverse)` gives the old bytes. After each operation the text is
read again, and its tree has to be the old one with the operation done to it.

A value that other places use by an alias is not changed through one of them; in a section `x-...` it is. A
key that `<<` merges is overridden where it is set. `Rename` needs a catalog and a document without errors,
and compares the whole configuration before and after.
"""

from petra.config.edit.edits import Edit, apply_edits, inverse_of
from petra.config.edit.errors import EditError
from petra.config.edit.operations import Add, Operation, Remove, Rename, Set
from petra.config.edit.transaction import Edited, EditedFile, edit_texts

__all__ = [
    "Add",
    "Edit",
    "EditError",
    "Edited",
    "EditedFile",
    "Operation",
    "Remove",
    "Rename",
    "Set",
    "apply_edits",
    "edit_texts",
    "inverse_of",
]
