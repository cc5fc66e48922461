"""A table of the settings file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings that stand in one table of the file; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
