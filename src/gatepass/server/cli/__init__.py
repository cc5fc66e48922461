"""The operator's commands, one file a noun or verb; each opens what it needs and ends."""
