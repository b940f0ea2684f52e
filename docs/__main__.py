"""``python -m docs [FOLDER]``: build the documentation, by default into build/docs."""

import sys
from pathlib import Path

from docs.builder.problem import DocumentationError
from docs.builder.site import ROOT, build


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0 when the pages are built, 1 when one of them says what is not so."""
    output = Path(arguments[0]) if arguments else ROOT / "build" / "docs"
    try:
        count = build(output)
    except DocumentationError as error:
        print(f"the documentation is not built:\n{error}", file=sys.stderr)
        return 1
    print(f"{count} pages; open {output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
