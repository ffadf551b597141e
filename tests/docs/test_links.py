"""Links lead somewhere."""

from pathlib import Path

import pytest

from tests.docs.markdown import ALL_PAGES, PAGES, ROOT, anchors, blocks_of, links

LINKS = [
    pytest.param(page, link, id=f"{page.relative_to(ROOT)}-{link}")
    for page in ALL_PAGES
    for link in sorted({*links(page)})
]


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_a_link_leads_to_a_file_and_a_heading_that_exist(page: Path, link: str) -> None:
    assert "://" not in link, "the pages are read without a network, too"
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    assert target.exists()
    if anchor:
        assert anchor in anchors(target)


def test_each_block_names_its_language() -> None:
    known = {"apache", "console", "nginx", "sh", "text", "yaml"}
    assert {block.place for page in PAGES for block in blocks_of("", pages=(page,))} == set()
    assert {block.language for block in blocks_of(*known)} <= known
