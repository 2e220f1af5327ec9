"""Results as JSON-ready documents, as tables for a terminal, as a page.

It must not compute anything that it does not show.
"""

from __future__ import annotations

from paoding_onnx.report.documents import check_document as check_document
from paoding_onnx.report.documents import inspect_document as inspect_document
from paoding_onnx.report.documents import number as number
from paoding_onnx.report.documents import operators_document as operators_document
from paoding_onnx.report.documents import prune_document as prune_document
from paoding_onnx.report.tables import check_lines as check_lines
from paoding_onnx.report.tables import inspect_lines as inspect_lines
from paoding_onnx.report.tables import operators_lines as operators_lines
from paoding_onnx.report.tables import prune_lines as prune_lines
from paoding_onnx.report.tables import sensitivity_lines as sensitivity_lines
from paoding_onnx.report.tables import why_lines as why_lines
