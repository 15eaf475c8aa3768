"""Options that several commands share."""

from __future__ import annotations

import argparse
import re


def advisory_numbers(text: str) -> list[int]:
    """Return the advisories in ``text``: numbers, with or without ``XSA-``, with commas between them."""
    numbers = []
    for word in text.split(","):
        found = re.fullmatch(r"\s*(?:XSA-?)?([0-9]{1,9})\s*", word, re.IGNORECASE)
        if found is None:
            raise argparse.ArgumentTypeError(f"{word!r} is not the number of an advisory (499 or XSA-499)")
        numbers.append(int(found[1]))
    return numbers


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
