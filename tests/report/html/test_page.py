"""What the page's own files hold."""

from pathlib import Path

from trainlab.report import html


def test_the_style_and_script_of_the_page_reach_nothing_outside() -> None:
    for name in ("report.css", "report.js", "report.html.jinja"):
        text = (Path(str(html.__file__)).parent / name).read_text(encoding="utf-8")
        for word in ("http:", "https:", "url(", "@import", "fetch(", 'src="/', "<link"):
            assert word not in text, (name, word)
