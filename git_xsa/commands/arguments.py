"""Options that several commands share."""

from __future__ import annotations

import argparse


def advisory_numbers(text: str) -> list[int]:
    """Return the advisories in ``text``: numbers, with or without ``XSA-``, with commas between them."""
    numbers = []
    for word in text.split(","):
        digits = word.strip().upper().removeprefix("XSA").removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise argparse.ArgumentTypeError(f"{word!r} is not the number of an advisory (499 or XSA-499)")
        numbers.append(int(digits))
    return numbers


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
