"""The operations of operators, described once each."""
