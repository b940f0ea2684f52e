"""Builds the documentation: plain HTML pages that open from a file and ask nothing of any other place.

`contents.toml` lists the pages. A page about a layer is a Markdown file in `layers/` with the derivation, the classic
mistakes and a worked example, whose code runs while the page is built; formulas, shapes, arguments and errors come from
the layer's docstring, drawings from its shapes, listings from its source.
"""
