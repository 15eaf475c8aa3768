"""What is wrong with values, in words: each function returns an error, which who catches it puts into a sentence."""

from __future__ import annotations


class HistoryError(Exception):
    """The changes of a file do not add up: at ``position``, in the file at ``path``, because of ``why``."""

    def __init__(self, position: int, path: bytes, why: str) -> None:
        super().__init__(f"change {position} of {path!r}: {why}")
        self.position = position
        self.path = path
        self.why = why


# history


def other_contents(position: int, path: bytes, made: str, wanted: str) -> HistoryError:
    return HistoryError(position, path, f"its lines make {made}, not {wanted}")


def change_does_not_fit(position: int, path: bytes, why: Exception) -> HistoryError:
    return HistoryError(position, path, str(why))


# instant


def not_an_instant(form: str) -> ValueError:
    return ValueError(f"it must be {form}")


def no_such_instant() -> ValueError:
    return ValueError("there is no such day or hour")
