"""How Sphinx builds the documentation site: `make docs`, into .site/html.

The site has only relative links and asks no other host for anything, so that it works from disk
and below any path. It has no inline script or style, so that a server may send it with a strict
Content-Security-Policy.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.python_api import replace_markers
from docs.root_pages import relink, to_root

project = "Gatepass"
author = "the Gatepass developers"
language = "en"
copyright = ""  # noqa: A001 - the name that Sphinx reads

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = "Gatepass"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_logo = "_static/icon.svg"
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_show_copyright = False
html_last_updated_fmt = None
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"


def setup(app: Sphinx) -> None:
    """Connect what writes parts of pages while they are read."""
    app.connect("source-read", replace_markers)
    app.connect("source-read", to_root)
    app.connect("include-read", relink)
