"""Draws bars as SVG, light and dark, without a library."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 440
LABEL: Final = 150
VALUE: Final = 50
BAR: Final = 14
STEP: Final = 20
HEAD: Final = 34
GAP: Final = 24
COLUMNS: Final = 2

STYLE: Final = """\
text { font: 12px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600; font-size: 13px }
.label { text-anchor: end }
rect { fill: #8da2b5 }
rect.ours { fill: #0a7d4f }
.page { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .page { fill: #16191d }
  rect { fill: #5d7286 }
  rect.ours { fill: #2fb57f }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    label: str
    value: float
    ours: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars with one scale."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How high it is."""
        return HEAD + STEP * len(self.bars)


def chart(panels: Sequence[Panel], description: str) -> str:
    """Return an SVG of all panels, two beside each other."""
    rows = [panels[at : at + COLUMNS] for at in range(0, len(panels), COLUMNS)]
    drawn: list[str] = []
    top = GAP
    for row in rows:
        for column, panel in enumerate(row):
            drawn += _panel(panel, GAP + column * (WIDTH + GAP), top)
        top += max(panel.height for panel in row) + GAP
    width = GAP + COLUMNS * (WIDTH + GAP)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" role="img">',
            f"<title>{escape(description)}</title>",
            f"<style>\n{STYLE}</style>",
            f'<rect class="page" width="{width}" height="{top}"/>',
            *drawn,
            "</svg>\n",
        )
    )


def _panel(panel: Panel, left: int, top: int) -> Iterator[str]:
    yield f'<text class="title" x="{left}" y="{top + 14}">{escape(panel.title)}</text>'
    longest = max((bar.value for bar in panel.bars), default=0.0) or 1.0
    for number, bar in enumerate(panel.bars):
        y = top + HEAD + number * STEP - BAR
        length = round(bar.value / longest * (WIDTH - LABEL - VALUE), 1)
        mark = ' class="ours"' if bar.ours else ""
        yield f'<text class="label" x="{left + LABEL - 6}" y="{y + 11}">{escape(bar.label)}</text>'
        yield f'<rect{mark} x="{left + LABEL}" y="{y}" width="{length}" height="{BAR}" rx="2"/>'
        yield f'<text x="{left + LABEL + length + 5}" y="{y + 11}">{bar.value:.0f}</text>'
