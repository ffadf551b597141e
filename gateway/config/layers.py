"""Layers: what a site says itself goes before `defaults`, and that before its preset. Done before anything is read."""

from dataclasses import replace

from gateway.config.document import our_own, our_own_table
from gateway.config.keys import RULE, spelt_out
from gateway.config.node import Items, Node, Scalar, Table, over, with_node, without
from gateway.config.presets import PRESETS, Preset


def effective(site: Node, defaults: Node | None) -> Node:
    """Return a site with everything it takes from `defaults` and from its preset."""
    if not isinstance(site, Table):
        return site
    merged = spelt_out(site)
    if isinstance(defaults, Table):
        merged = over(merged, without(spelt_out(defaults), "names"))
    chosen = merged.get("preset")
    if isinstance(chosen, Scalar) and chosen.value in PRESETS:
        merged = _with_preset(merged, chosen, PRESETS[chosen.value])
    return merged


def _with_preset(site: Table, chosen: Scalar, preset: Preset) -> Table:
    """Return `site` over `preset`, each of its rules over the preset's."""
    place = replace(chosen.place, source=f"preset {chosen.value}")
    merged = over(site, our_own_table(preset.site, place, site.path))
    paths = site.get("paths")
    if isinstance(paths, Scalar) and paths.value == "preset":
        merged = with_node(merged, "paths", our_own(preset.paths, place, paths.path))
    origins = site.get("origins")
    if isinstance(origins, Items):
        items = tuple(_rule_with_preset(RULE.spelt_out(item), preset.rule, place.source) for item in origins.items)
        merged = with_node(merged, "origins", replace(origins, items=items))
    return merged


def _rule_with_preset(rule: Node, preset: str, source: str) -> Node:
    if not isinstance(rule, Table):
        return rule
    return over(rule, our_own_table(preset, replace(rule.place, source=source), rule.path))
