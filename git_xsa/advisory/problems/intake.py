"""What goes wrong with what comes in, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from pathlib import Path

from git_xsa.advisory.problems import ImportRefused, IntakeError, MetadataError, TextError
from git_xsa.errors import problem

_AS_SENT = "save the mail or the file as it was sent, without changes"
_SMALLER = "give the advisory's own files"
_TRUST = "add the key to xsa.trustedKeys, or unset xsa.requireSignature to get only a warning"
_WARN = "do not use it; inform its sender"

# contents


@problem
def too_many_bytes(source: object, megabytes: int) -> IntakeError:
    return IntakeError(f"{source} holds more than {megabytes} MB", _SMALLER)


@problem
def too_many_files(source: object, most: int) -> IntakeError:
    return IntakeError(f"{source} holds more than {most} files", _SMALLER)


@problem
def not_a_file_or_folder(path: Path) -> IntakeError:
    return IntakeError(f"{path} is neither a file nor a folder", "save it as a file first")


@problem
def unreadable_source(path: Path, why: str | None) -> IntakeError:
    return IntakeError(f"{path}: {why}", "give the path of a mail, a patch, a folder or a tarball")


@problem
def folder_too_deep(folder: Path) -> IntakeError:
    return IntakeError(f"{folder} is nested too deeply", _SMALLER)


@problem
def archives_too_deep(archive: str) -> IntakeError:
    return IntakeError(f"{archive} nests archives too deeply", _SMALLER)


@problem
def unknown_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is an archive of an unsupported format", "unpack it and give the folder")


@problem
def link_in_archive(archive: str, name: str) -> IntakeError:
    return IntakeError(f"{archive} holds {name!r}, which is a link or a device", _WARN)


@problem
def short_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is damaged: it ends too early", "fetch it again")


@problem
def damaged_archive(archive: str) -> IntakeError:
    return IntakeError(f"{archive} is damaged: it can't be unpacked", "fetch it again")


@problem
def mails_too_deep(mail: str) -> IntakeError:
    return IntakeError(f"{mail} nests mails too deeply", _SMALLER)


@problem
def name_leads_out(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which leads out of its folder", _WARN)


@problem
def name_is_hidden(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which is hidden", _WARN)


@problem
def not_a_published_name(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file named {name}, which is not a valid name of a published file", _WARN)


@problem
def name_too_deep(source: Path, name: str) -> IntakeError:
    return IntakeError(f"{source} contains a file that is nested too deeply: {name}", _WARN)


# import


@problem
def unsigned_advisory(number: int, version: int, why: str) -> ImportRefused:
    return ImportRefused(f"XSA-{number} v{version} {why}: nothing was imported", _TRUST)


@problem
def unsigned_text(name: str) -> ImportRefused:
    hint = "xsa.requireSignature refuses it; leave it out, or change the setting"
    return ImportRefused(f"{name} is not signed by a key in xsa.trustedKeys", hint)


@problem
def unlisted_content(name: str, number: int) -> ImportRefused:
    return ImportRefused(f"{name} does not match its checksum in XSA-{number}: nothing was imported", _TRUST)


@problem
def unlisted_file(name: str) -> ImportRefused:
    return ImportRefused(f"no signed advisory lists {name}: nothing was imported", _TRUST)


@problem
def signature_required(doubt: str) -> ImportRefused:
    return ImportRefused(doubt, "xsa.requireSignature refuses it; import it again, or change the setting")


# metadata


@problem
def list_without_advisories() -> MetadataError:
    return MetadataError("the list has no key 'xsas'")


@problem
def large_metadata(megabytes: int) -> MetadataError:
    return MetadataError(f"it has more than {megabytes} MB")


@problem
def bad_metadata(why: ValueError) -> MetadataError:
    return MetadataError(str(why))


@problem
def metadata_lacks(what: str) -> MetadataError:
    return MetadataError(f"it holds no {what}")


# text


@problem
def large_text(megabytes: int) -> TextError:
    return TextError(f"the text is larger than {megabytes} MB, too large for an advisory")


@problem
def title_outside() -> TextError:
    return TextError("the title of the advisory is outside of the signed part", _AS_SENT)


@problem
def no_title() -> TextError:
    what = "the text is not an advisory: it has no line like 'Xen Security Advisory CVE-2026-1234 / XSA-123'"
    return TextError(what, _AS_SENT)


@problem
def several_texts() -> TextError:
    return TextError("the text has several signed parts, or half of one", "give one advisory at a time, as it was sent")


@problem
def no_hash_name() -> TextError:
    return TextError("the signed part does not begin with the name of a hash", "fetch the advisory again")
