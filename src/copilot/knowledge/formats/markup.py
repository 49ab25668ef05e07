"""XML of any vocabulary: elements that hold only values are records, running text is paragraphs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, Unreadable
from copilot.knowledge.formats import lines
from copilot.knowledge.formats.table import Pairs, Table

PROSE = 300
"""A value longer than this is text, not a cell."""
RECORD_ELEMENTS = 60


def preload(kind: str) -> None:
    """Import the parser."""
    import lxml.etree

    assert lxml.etree


def read(path: Path, kind: str) -> Content:
    """Read every text and every attribute; nothing outside the file is looked up."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities="internal", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"damaged, or not XML: {error.msg}"[:200], "Open it and save it again.") from None
    return Content(_described(root))


def _described(root: Any) -> Iterator[Block]:
    tables: dict[str, Table] = {}
    yield from _blocks(root, tables)
    yield from (table.about() for table in tables.values() if table.rows > 1)


def _blocks(element: Any, tables: dict[str, Table]) -> Iterator[Block]:
    name, children = _name(element), list(element)
    if _mixed(element, children):
        yield from _prose("".join(element.itertext()))
        for inner in element.iter():
            yield from _row(tables, _name(inner), _attributes(inner))
    elif _is_record(element):
        yield from _row(tables, name, list(_flat(element)))
    else:
        own = [pair for child in children if not len(child) for pair in _flat(child, _name(child))]
        yield from _row(tables, name, [*_attributes(element), *own])
        for child in children:
            if len(child):
                yield from _blocks(child, tables)


def _is_record(element: Any) -> bool:
    """Whether an element holds few values, each of its own name, so that they make one row."""
    inner = list(element.iter())
    if len(inner) > RECORD_ELEMENTS or any(_mixed(part, list(part)) for part in inner):
        return False
    grown = [(child.getparent(), child.tag) for child in inner[1:] if len(child)]
    return len(grown) == len(set(grown))


def _flat(element: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the attributes and texts of an element and of all below it, named by the way that leads to them."""
    yield from ((f"{prefix}.{name}" if prefix else name, value) for name, value in _attributes(element))
    if not len(element) and element.text:
        yield prefix or _name(element), element.text
    for child in element:
        yield from _flat(child, f"{prefix}.{_name(child)}" if prefix else _name(child))


def _mixed(element: Any, children: list[Any]) -> bool:
    """Whether words stand between the children, as in running text."""
    texts = [element.text, *(child.tail for child in children)]
    return bool(children) and any(text and text.strip() for text in texts)


def _attributes(element: Any) -> list[tuple[str, str]]:
    return [(_local(name), value) for name, value in element.attrib.items()]


def _row(tables: dict[str, Table], name: str, pairs: Pairs) -> Iterator[Block]:
    if any(value.strip() for _, value in pairs):
        table = tables.setdefault(name, Table(name))
        if block := table.row([pair for pair in pairs if len(pair[1]) <= PROSE]):
            yield block
        for _, text in pairs:
            if len(text) > PROSE:
                yield from _prose(text)


def _prose(text: str) -> Iterator[Block]:
    return (Block(paragraph) for paragraph in lines.paragraphs(text))


def _name(element: Any) -> str:
    return _local(str(element.tag)) if isinstance(element.tag, str) else ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]
