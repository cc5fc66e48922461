"""How the portal's templates become HTML: one strict Jinja2 environment."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from gatepass.server.portal.presentation import durations


def environment() -> Environment:
    """Give the environment of the templates: everything escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("gatepass.server.portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ago"] = durations.ago
    made.filters["utc"] = durations.utc
    made.filters["iso"] = durations.iso
    made.filters["span"] = durations.span
    made.filters["grouped"] = "{:,}".format
    return made
