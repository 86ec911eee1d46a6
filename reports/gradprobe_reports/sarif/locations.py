"""Sites as locations, with what viewers need to show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.text.utf8 import writable
from gradprobe_reports.jsonable import Json
from gradprobe_reports.places import is_file

if TYPE_CHECKING:
    from gradprobe.values import RelatedSite, Site
    from gradprobe_reports.places import Roots

ROOT: Final = "SRCROOT"
"""The name of the root of the sources in `originalUriBaseIds`."""


def at(site: Site, where: Roots) -> dict[str, Json]:
    """Return a site in a file as a location: the line with its text, and the function it stands in."""
    physical = _artifact(site.file, where)
    if site.line > 0:
        region: dict[str, Json] = {"startLine": site.line}
        if site.code:
            region["snippet"] = {"text": writable(site.code)}
        physical["region"] = region
    location: dict[str, Json] = {"physicalLocation": physical}
    if site.function not in ("", "<module>"):
        location["logicalLocations"] = [{"fullyQualifiedName": writable(site.function), "kind": "function"}]
    return location


def whole_file(file: str | None, where: Roots) -> dict[str, Json]:
    """Return a file as a whole as a location; the root of the sources where there is no file."""
    return {"physicalLocation": _artifact(file or str(where.sources), where)}


def related(ends: tuple[RelatedSite, ...], where: Roots) -> list[Json]:
    """Return the other ends that lie in files, numbered from 1."""
    inside = [end for end in ends if is_file(end.site.file)]
    return [
        {"id": position, "message": {"text": writable(end.role) or "related"}, **at(end.site, where)}
        for position, end in enumerate(inside, start=1)
    ]


def _artifact(file: str, where: Roots) -> dict[str, Json]:
    uri = where.uri(file)
    place: dict[str, Json] = {"uri": uri}
    if where.relative(file) is not None:
        place["uriBaseId"] = ROOT
    return {"artifactLocation": place}
