"""What operators do: each operation described once, for the console, the Admin API and commands."""
