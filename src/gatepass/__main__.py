"""`python -m gatepass` is `gatepass`."""

from gatepass.cli import run

run()
