"""How long the layers of a model take at fewer channels: measured once, kept in a table, read off for any widths.

It must not choose widths, and it must not time a smaller model as a whole.
"""

from __future__ import annotations
