"""Results as JSON-ready documents, one file for each kind: dictionaries, lists, strings, numbers.

Every document begins with its format and number, and with the versions of what made it. It must not hold a figure that
JSON cannot (NaN, infinity), nor name the folders of a machine.
"""

from __future__ import annotations
