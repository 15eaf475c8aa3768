"""The checksum that POSIX's ``cksum`` prints, which a short shell script can compute on every system.

It guards against accidents and edits by hand, not against forgery.
"""

from __future__ import annotations

import zlib

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def cksum(content: bytes) -> str:
    """Return what ``cksum`` prints for ``content`` on its standard input: the checksum, a blank and the size.

    POSIX takes the bits of each byte in the other order than zlib does, begins with 0, and appends the length.
    """
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8, "little")
    found = zlib.crc32((content + length).translate(_REVERSED), 0xFFFFFFFF)
    return f"{int(f'{found:032b}'[::-1], 2)} {size}"
