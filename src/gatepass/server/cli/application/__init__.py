"""`gatepass application`: the applications of every organization."""
