"""Usage: what each application was issued and refused, and when its credentials were last used."""
