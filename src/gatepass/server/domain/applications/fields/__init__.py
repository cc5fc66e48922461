"""The editable fields of an application: which there are, and how they are read and changed."""
