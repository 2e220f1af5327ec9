"""Which ids a smaller model takes in place of those of its original, as a document beside it and in others."""

from __future__ import annotations

from paoding_onnx.report.documents.prune import vocabulary_interface
from paoding_onnx.report.documents.values import Document, head
from paoding_onnx.result import Pruned


def vocabulary_document(result: Pruned) -> Document:
    """The table from old ids to new ones, for whoever feeds the model; `tokens` are in the order of the new ids."""
    found = result.vocabulary
    if found is None:
        return head("vocabulary")
    kept = found.ids.kept
    return {
        **head("vocabulary"),
        **vocabulary_interface(found),
        "new_id": {str(old): new for new, old in enumerate(kept)},
        "tokens": list(found.tokens),
    }
