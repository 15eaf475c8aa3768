"""What goes wrong with the site, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from git_xsa.advisory.problems import ListError, NotFound, OutOfTime, Passing, WebError
from git_xsa.errors import problem

_ADDRESS = "check the address (git config xsa.url) and the connection"

# fetch


@problem
def too_many_missing(address: str, most: int) -> ListError:
    return ListError(
        f"{address} lists more than {most} advisories that do not exist", "check the address (git config xsa.url)"
    )


@problem
def not_a_list(address: str, why: str) -> ListError:
    return ListError(f"{address} is not a list of advisories: {why}", _ADDRESS)


@problem
def no_list(why: str, hint: str) -> ListError:
    return ListError(why, hint or _ADDRESS)


@problem
def text_of_another(address: str, number: int) -> WebError:
    return WebError(f"{address} is the text of XSA-{number}")


@problem
def untrusted_text(address: str, why: str) -> WebError:
    return WebError(f"{address} {why}: not imported")


@problem
def other_checksum(address: str) -> WebError:
    return WebError(f"{address} does not match the advisory: its SHA-256 differs")


# web


@problem
def gave_up(address: str, why: str) -> WebError:
    return WebError(f"{address}: {why}", "try again later; what was fetched is kept")


@problem
def out_of_time(address: str, seconds: float) -> OutOfTime:
    return OutOfTime(
        f"{address}: the run reached its limit of {seconds:.0f} seconds (xsa.fetchTime)", "run it again to continue"
    )


def incomplete(seconds: float) -> Passing:
    return Passing(f"it was incomplete after {seconds:.0f} seconds")


@problem
def no_certificate(address: str, why: str) -> WebError:
    return WebError(f"{address}: {why}")


def no_response(seconds: float) -> Passing:
    return Passing(f"no response within {seconds:.0f} seconds")


def no_proxy(why: str) -> Passing:
    return Passing(f"the proxy can't be used{why}")


def no_server(why: str) -> Passing:
    return Passing(f"the server can't be reached, or closed the connection{why}")


def interrupted(why: str) -> Passing:
    return Passing(f"the transfer was interrupted{why}")


@problem
def not_an_address(address: str) -> WebError:
    return WebError(f"{address}: this address, or that of the proxy, is not valid")


@problem
def too_many_redirections(address: str, most: int) -> WebError:
    return WebError(f"{address}: more than {most} redirections")


@problem
def not_found(address: str) -> NotFound:
    return NotFound(f"{address}: not found")


def server_passes(status: int, reason: str, wait: float) -> Passing:
    return Passing(f"the server answers {status} ({reason})", wait)


@problem
def server_refuses(address: str, status: int, reason: str) -> WebError:
    return WebError(f"{address}: the server answers {status} ({reason})")


@problem
def announced_too_large(address: str, size: int, limit: int) -> WebError:
    return WebError(f"{address}: its {size:,} bytes exceed the limit of {limit:,} bytes")


@problem
def too_large(address: str, limit: int) -> WebError:
    return WebError(f"{address}: it exceeds the limit of {limit:,} bytes")


def too_slow(bytes_a_second: int) -> Passing:
    return Passing(f"less than {bytes_a_second} bytes a second arrived (xsa.fetchSpeed)")


def cut_short(arrived: int, length: str) -> Passing:
    return Passing(f"only {arrived:,} of {length} bytes arrived")


@problem
def refused_redirect(place: str, target: str) -> WebError:
    return WebError(f"{place}: redirect to {target} refused")
