"""From where secrets were used before the last use."""
