"""An index of the names of organizations, for searches of a part of a name."""
