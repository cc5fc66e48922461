"""What operators see of a running server: logs, traces, metrics and health."""
