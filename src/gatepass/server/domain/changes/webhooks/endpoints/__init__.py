"""Where events are sent."""
