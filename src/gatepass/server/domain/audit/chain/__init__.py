"""The chain of digests over the audit trail, its signed checkpoints, and their verification."""
