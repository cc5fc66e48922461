"""What programs do and why they are refused, and secrets that end soon."""
