"""What requests with an Idempotency-Key were answered."""
