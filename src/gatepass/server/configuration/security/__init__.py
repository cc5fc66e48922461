"""The settings of what makes faults and leaks known: the audit trail, reports of leaks."""
