"""Applications whose requests are refused much more often than usual."""
