"""The documents for programs that git xsa-report makes: VEX of a product, and ranges of vulnerable versions."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from git_xsa.ask.own_store import secret
from git_xsa.ask.session import Session
from git_xsa.cli import problems
from git_xsa.cli.arguments import instant
from git_xsa.cli.who import user
from git_xsa.export.package_version import described
from git_xsa.publish import problems as publish_problems
from git_xsa.publish import remarks
from git_xsa.publish.made import Made
from git_xsa.publish.settings import PublishSettings
from git_xsa.publish.vex.document import Publisher, Vex
from git_xsa.publish.vex.product import Product, given_products, product_of
from git_xsa.wording import Remark

if TYPE_CHECKING:
    from git_xsa.ask.targets import Targets
    from git_xsa.publish.ranges.read import FoundRanges
    from git_xsa.publish.vex.judging import Shipped

VEX, RANGES = ("openvex", "csaf", "cyclonedx"), ("osv", "cve")
#: Option -> the formats that it has a meaning for, among these and others.
_OF_VEX = ("queue", "compiled", "product", "cpe", "author", "namespace")
_OF_BASES = ("onto", "base_patches", "branch", "all")
_OF_ANSWERS = ("no_symbols", "follow_ups")
_OF_TABLES = ("batch", "releases_since")
_EPOCH = "SOURCE_DATE_EPOCH"


def record_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of these documents to ``parser``."""
    parser.add_argument(
        "--queue", metavar="<folder>", type=Path, help="the exported queue that is shipped on top of the base"
    )
    parser.add_argument(
        "--compiled", metavar="<file>", type=Path, action="append", default=[],
        help="the files that were compiled: compile_commands.json, what git xsa-test --json prints, or a list",
    )  # fmt: skip
    parser.add_argument(
        "--product", metavar="<purl>", action="append", default=[], help="the package URL of what is shipped"
    )
    parser.add_argument("--cpe", metavar="<cpe>", action="append", default=[], help="the CPE 2.3 name of it")
    parser.add_argument("--author", metavar="<name>", default="", help="who publishes the document")
    parser.add_argument("--namespace", metavar="<address>", default="", help="an address that stands for the publisher")
    parser.add_argument("--timestamp", metavar="<instant>", type=instant, help="when it is said (default: now)")


def check_record_options(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` for an option that has no meaning for the format."""
    form = options.format
    unfit = [*(() if form in VEX else _OF_VEX), *(_OF_BASES if form in RANGES else ())]
    unfit += [*_OF_ANSWERS, *_OF_TABLES] if form in (*VEX, *RANGES) else []
    unfit += [] if form == "html" else ["proof", *(() if form in (*VEX, *RANGES) else ("timestamp",))]
    for name in unfit:
        if getattr(options, name) not in (None, "", [], False):
            raise problems.not_for_this_format(f"--{name.replace('_', '-')}", form)
    if form in VEX and len(options.onto) != 1:
        raise problems.vex_of_one_base(form)


def vex(session: Session, targets: Targets, options: argparse.Namespace) -> Made:
    """Return the VEX documents that the options ask for."""
    from git_xsa.publish.vex.compiled import read_lists  # noqa: PLC0415 - only for who wants them
    from git_xsa.publish.vex.csaf import csaf_files  # noqa: PLC0415 - as above
    from git_xsa.publish.vex.cyclonedx import cyclonedx  # noqa: PLC0415 - as above
    from git_xsa.publish.vex.judging import judged, with_queue  # noqa: PLC0415 - as above
    from git_xsa.publish.vex.openvex import openvex  # noqa: PLC0415 - as above
    from git_xsa.publish.vex.statements import findings  # noqa: PLC0415 - as above

    [(base, tip)] = targets.pairs
    shipped = with_queue(session, base, tip, options.queue)
    if shipped.private and not options.embargoed:
        raise publish_problems.private_queue(options.queue)
    listed = read_lists(options.compiled, shipped.before.id) if options.compiled else None
    found = judged(session, shipped, listed, sorted(set(options.xsa)), options.embargoed)
    numbers = [statement.number for statement in found.statements]
    private = shipped.private or bool(secret(session, numbers))
    publisher = _publisher(session, options)
    products, notes = _products(session, shipped, options)
    document = Vex(products, tuple(findings(found.statements)), publisher, made_at(session, options), private)
    if options.format == "csaf":
        files = csaf_files(document)
    else:
        write = openvex if options.format == "openvex" else cyclonedx
        files = {f"{options.format}.json": write(document)}
    if found.hidden:
        notes.append(remarks.hidden(found.hidden))
    notes += [remarks.nothing_compiled_in(folder, numbers) for folder, numbers in found.by_folder.items()]
    missing = [remarks.not_fixed_anywhere(found.unknown)] if found.unknown else []
    return Made(files, private, notes, missing)


def ranges(session: Session, options: argparse.Namespace) -> Made:
    """Return the records of vulnerable ranges that the options ask for."""
    from git_xsa.publish.ranges.cve import CnaPublisher, cve_files  # noqa: PLC0415 - only for who wants them
    from git_xsa.publish.ranges.osv import osv_files  # noqa: PLC0415 - as above
    from git_xsa.publish.ranges.read import read_ranges  # noqa: PLC0415 - as above

    found = read_ranges(session, sorted(set(options.xsa)), options.embargoed)
    settings, made = session.settings.of(PublishSettings), made_at(session, options)
    if options.format == "osv":
        return _ranges(session, found, osv_files(found.ranges, settings.repository, made), [], options)
    publisher = CnaPublisher(settings.organisation, settings.repository)
    files, nameless = cve_files(found.ranges, publisher, made)
    return _ranges(session, found, files, nameless, options)


def _ranges(
    session: Session, found: FoundRanges, files: dict[str, bytes], nameless: list[int], options: argparse.Namespace
) -> Made:
    notes = [remarks.hidden(found.hidden)] if found.hidden else []
    missing = [remarks.not_fixed_anywhere(found.unknown)] if found.unknown else []
    if nameless and options.xsa:
        missing.append(remarks.without_cve(nameless))
    elif nameless:
        notes.append(remarks.some_without_cve(len(nameless)))
    return Made(files, bool(secret(session, [one.number for one in found.ranges])), notes, missing)


def _publisher(session: Session, options: argparse.Namespace) -> Publisher:
    settings = session.settings.of(PublishSettings)
    namespace = options.namespace or settings.namespace
    if options.format == "csaf" and not namespace:
        raise publish_problems.no_publisher(options.format)
    return Publisher(options.author or settings.author or user(session.repository.git), namespace)


def _products(
    session: Session, shipped: Shipped, options: argparse.Namespace
) -> tuple[tuple[Product, ...], list[Remark]]:
    """Return the products that the statements are about, and what is to be said of their names."""
    settings = session.settings.of(PublishSettings)
    purls = options.product or (() if options.cpe else settings.products)
    cpes = options.cpe or (() if options.product else settings.cpes)
    release = described(session.repository, shipped.before, session.settings.release_tag)
    if purls or cpes:
        return tuple(given_products(purls, cpes, release)), []
    found = product_of(shipped.before, [*options.onto, *options.base_patches], release)
    return (found,), [remarks.product_by_package(found.purl)]


def made_at(session: Session, options: argparse.Namespace) -> int:
    """Return the instant of the documents: what the user says, SOURCE_DATE_EPOCH, or now."""
    epoch = os.environ.get(_EPOCH, "")
    if options.timestamp is not None:
        return int(options.timestamp)
    if epoch and not (epoch.isascii() and epoch.isdigit() and len(epoch) < 12):
        raise publish_problems.no_epoch(epoch)
    return int(epoch) if epoch else session.now
