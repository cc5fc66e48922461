"""Commands on the people who log in: of partners and of the operator."""
