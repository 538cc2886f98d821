"""A page as tests look at it: its text, its tables as rows of cells, its attributes."""

from html.parser import HTMLParser

__all__ = ["Page"]


class Page(HTMLParser):
    """Reads HTML; tables inside of a cell are tables of their own, and their text is the cell's, too."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        """Tag, name and value."""
        self._open: list[list[list[str]]] = []
        self.feed(source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note attributes, and begin tables, rows and cells."""
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "table":
            self.tables.append([])
            self._open.append(self.tables[-1])
        elif tag == "tr" and self._open:
            self._open[-1].append([])
        elif tag in {"td", "th"} and self._open and self._open[-1]:
            self._open[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """End a table."""
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Add to the text, and to the cells that it is in."""
        self.text += data
        for table in self._open:
            if table and table[-1]:
                table[-1][-1] = " ".join(f"{table[-1][-1]} {data}".split())

    def values(self, tag: str, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [value for found, attribute, value in self.attributes if (found, attribute) == (tag, name)]
