"""Forms of the portal: errors by field, and forms resubmitted after a login."""
