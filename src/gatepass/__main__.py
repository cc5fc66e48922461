"""`python -m gatepass` is `gatepass`."""

from gatepass.cli import main

main(prog_name="gatepass")
