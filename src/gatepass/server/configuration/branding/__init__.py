"""How the operator's name, logo, colours and texts replace those of Gatepass."""
