"""What is said of advisories and their patches, in words: each function returns a sentence made of its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from git_xsa.wording import Remark, remark

#: OpenSSL's number for what is wrong with a certificate -> that.
_CERTIFICATE = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "its issuer is not trusted",
    20: "its issuer is unknown",
    21: "its issuer is unknown",
    23: "it was revoked",
    62: "it is for another name",
    64: "it is for another address",
}


# adaptations


@remark
def adapted_to(base: str, only_context: bool) -> str:
    return f"adapted by hand to {base}{', only context differs' if only_context else ''}"


# fetch


@remark
def out_of_time(limit: float, late: int, listed: int) -> str:
    return (
        f"the run reached its limit of {limit:.0f} seconds (xsa.fetchTime): "
        f"{late} of {listed} advisories are left for the next run"
    )


@remark
def said_at(address: str, why: Remark) -> str:
    return f"{address}: {why}"


# files that came in


@remark
def neither_text_nor_patch() -> str:
    return "it is neither the text of an advisory nor a patch"


@remark
def no_advisory_named() -> str:
    return "it does not say to which advisory it belongs (name it xsaNNN.patch)"


@remark
def name_given_twice() -> str:
    return "another file with this name was given, too"


@remark
def said_of_the_file(name: str, why: Remark) -> str:
    rest = why.removeprefix(f"{name} ")
    return f"it {rest}" if rest != why else why


# patch_choice


@remark
def for_other_trees(trees: Iterable[str]) -> str:
    return f"its patches are for {', '.join(trees)}"


@remark
def for_older_branches(newest: str) -> str:
    return f"its patches are for {newest} and older"


@remark
def named_for_older_branches(newest: str) -> str:
    return f"its patches are for {newest} and older, by their names"


@remark
def before_the_branch() -> str:
    return "its patches are for older branches and for a development state before this branch was made"


@remark
def not_in_the_store(files: Iterable[str]) -> str:
    return f"these files are not in the store: {', '.join(files)}"


@remark
def table_names_no_file(files: Iterable[str]) -> str:
    return f"its table names {', '.join(files)}, but there is no such file"


@remark
def only_its_name() -> str:
    return "only its name is known"


@remark
def releases_instead(releases: Iterable[str]) -> str:
    return f"it has no patches; it names {', '.join(releases)} instead"


@remark
def no_patches() -> str:
    return "it has no patches"


# patchfile, cut_off


@remark
def may_be_cut_off(name: str, why: str) -> str:
    return f"{name} may be cut off, or edited by hand: {why}"


@remark
def ends_in_a_line() -> str:
    return "its last line does not end with a newline"


@remark
def diffstat_counts_more(stated: Sequence[int], have: Sequence[int]) -> str:
    return "its diffstat counts {} files, {} insertions, {} deletions, the diff has {}, {}, {}".format(*stated, *have)


# reissues


@remark
def left_out(name: str, why: Remark) -> str:
    return f"{name} was left out: {why}"


# store


@remark
def begins_with_a_dot() -> str:
    return "it is empty or begins with a dot"


@remark
def contains_a_slash() -> str:
    return "it contains a slash or a NUL"


@remark
def unprintable() -> str:
    return "it contains an unprintable character"


@remark
def too_long() -> str:
    return "it is too long"


# trust: what is said of "the text of XSA-1 v2"


@remark
def key_ended(revoked: bool, day: str, when: str) -> str:
    order = f", {when} the signature was made" if when else ""
    return f"{'was revoked' if revoked else 'expired'}{f' on {day}{order}' if day else ''}"


@remark
def key_ended_often(ends: Iterable[Remark]) -> str:
    return " and ".join(ends)


@remark
def signed_by(key: str) -> str:
    return f"is signed by {key}"


@remark
def signed_by_ended_key(key: str, since: Remark) -> str:
    return f"is signed by the key {key}, which {since}"


@remark
def signed_by_untrusted_key(key: str, since: Remark) -> str:
    return f"is signed by the key {key}, which is not in xsa.trustedKeys{f'; the key {since}' if since else ''}"


@remark
def signed_by_unknown_key(key: str) -> str:
    return f"is signed by {f'the key {key}' if key else 'a key'} that is not in your keyring"


@remark
def signature_has_expired() -> str:
    return "has a signature that has expired"


@remark
def bad_signature() -> str:
    return "HAS A BAD SIGNATURE: it does not match what was signed"


@remark
def unsigned() -> str:
    return "is not signed"


@remark
def unchecked_signature() -> str:
    return "is signed, but gpg is not installed to check it"


# web


@remark
def no_secure_connection() -> str:
    return "a secure connection (TLS) to the server is not possible"


@remark
def rejected_certificate(code: int) -> str:
    return f"the server's certificate was rejected: {_CERTIFICATE.get(code, f'OpenSSL gives the code {code}')}"
