"""A stream of `<row …/>` elements out of XML made by strangers, in constant memory.

expat reads what is well formed, however its lines are broken. What is not well formed costs one row: a raw `<` can only
open an element, so reading begins again at the next `<row`. A document type, and with it every entity, is refused for
the whole file.
"""

from collections.abc import Iterator
from lzma import LZMAError
from typing import IO
from xml.parsers import expat

from forum.kernel.errors import N_, Text

Attributes = dict[str, str]

_CHUNK = 1 << 16
# The source caps a body at 30,000 characters; nothing in a dump comes near this many bytes.
_LARGEST_ROW = 4 << 20
_ROW = b"<row"
_INVALID_TOKEN = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]


class _DocumentType(Exception):
    """The file declares a document type."""


class RowStream:
    """Rows of one file with their numbers, from 1; in the place of a row that cannot be read stands the reason.

    Args:
        root: the name of the element around the rows, needed to go on after a bad row.
    """

    def __init__(self, stream: IO[bytes], *, root: str) -> None:
        self._stream = stream
        self._root = root.encode()
        self._found: list[Attributes | Text] = []
        self._parser: expat.XMLParserType | None = self._fresh_parser()
        self._fed = 0
        self._since_row = 0
        self._error_at = 0

    def __iter__(self) -> Iterator[tuple[int, Attributes | Text]]:
        number = 0
        for rows in self._batches():
            for row in rows:
                number += 1
                yield number, row

    def _batches(self) -> Iterator[list[Attributes | Text]]:
        try:
            while piece := self._stream.read(_CHUNK):
                self._take(piece)
                yield self._taken()
        except _DocumentType:
            self._found.append(Text(N_("The file declares a document type, which is not accepted.")))
        except EOFError:
            self._found.append(Text(N_("The archive ends in the middle; what came before was read.")))
        except (LZMAError, OSError) as error:
            self._found.append(Text(N_("The archive cannot be read on: %(problem)s"), problem=str(error)))
        else:
            self._end()
        yield self._taken()

    def _taken(self) -> list[Attributes | Text]:
        found, self._found = self._found, []
        return found

    def _take(self, piece: bytes) -> None:
        """Parse a piece, beginning again behind everything that is not well formed."""
        while piece:
            parser, resumed = self._parser, self._parser is None
            if parser is None:
                start = piece.find(_ROW)
                if start < 0:
                    return
                piece = piece[start:]
                parser = self._parser = self._resumed_parser()
            before = self._fed
            try:
                self._parse(parser, piece)
                return
            except expat.ExpatError as error:
                self._give_up(Text(N_("Not well-formed XML: %(problem)s"), problem=expat.ErrorString(error.code)))
                # An invalid token may be the next row's "<"; other errors are told at the bad row's own start.
                beyond = self._error_at - before + (error.code != _INVALID_TOKEN)
                piece = piece[max(beyond, int(resumed)) :]

    def _parse(self, parser: expat.XMLParserType, piece: bytes) -> None:
        rows = len(self._found)
        self._fed += len(piece)
        try:
            parser.Parse(piece, False)
        finally:
            self._error_at = parser.ErrorByteIndex
        self._since_row = 0 if len(self._found) > rows else self._since_row + len(piece)
        if self._since_row > _LARGEST_ROW:
            self._give_up(Text(N_("The row is longer than %(limit)s bytes."), limit=_LARGEST_ROW))

    def _give_up(self, reason: Text) -> None:
        self._found.append(reason)
        self._parser = None
        self._since_row = 0

    def _end(self) -> None:
        """A file that stops inside a row, or before its list is closed, has lost something."""
        if self._parser is None:
            return
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            self._give_up(Text(N_("The file ends too early: %(problem)s"), problem=expat.ErrorString(error.code)))

    def _fresh_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = _refuse
        self._fed = 0
        return parser

    def _resumed_parser(self) -> expat.XMLParserType:
        parser = self._fresh_parser()
        opening = b"<%s>" % self._root
        parser.Parse(opening, False)
        self._fed = len(opening)
        return parser

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "row":
            self._found.append(attributes)


def _refuse(*_declaration: object) -> None:
    raise _DocumentType
