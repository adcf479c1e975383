"""The reference pages have every key that a document can have."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import pytest

from petra import Catalog
from petra.config.models import PlantConfig
from petra.drivers import Script
from petra.plugin.groups import OfferGroup

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OURS = {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")}
SECTIONS = {
    offer.name: offer.driver.config
    for offer in Catalog.load().offers(OfferGroup.DRIVER)
    if offer.plugin in OURS
}
PAGES = {"configuration": PlantConfig, "simulation": Script, **SECTIONS}


def generated(page: str) -> str:
    """Return a page as the site shows it."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate.on_page_markdown((DOCS / "reference" / f"{page}.md").read_text())


def models(model: type) -> dict[type, set[str]]:
    """Return every model within one, with the keys that a document may use for its fields."""
    found: dict[type, set[str]] = {model: set()}
    for attribute in attrs.fields(model):
        about = attribute.metadata.get("petra")
        found[model] |= {attribute.name, *(about.aliases if about else ())}
        for inner in _parts(get_type_hints(model)[attribute.name]):
            if isinstance(inner, type) and attrs.has(inner):
                found |= models(inner)
    return found


def _parts(kind: Any) -> list[Any]:
    return [kind, *(part for inner in get_args(kind) for part in _parts(inner))]


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_has_every_key_of(page):
    """A model's own table has it: a key of the same name elsewhere is another one."""
    tables = [table for table in re.split(r"^## ", generated(page), flags=re.MULTILINE) if "| key |" in table]
    for model, keys in models(PAGES[page]).items():
        (found,) = [t for t in tables if (model.__doc__ or "").split("\n")[0] in t]
        rows = re.findall(r"^\| (`.*?`) \|", found, re.MULTILINE)
        written = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
        assert keys == written, model


def test_every_protocol_of_ours_has_its_page_and_the_site_shows_it():
    assert SECTIONS.keys() >= {"modbus", "s7"}
    shown = (ROOT / "mkdocs.yml").read_text()
    for page in PAGES:
        assert f"reference/{page}.md" in shown
