"""People: who logs in to the portal, and whom the Partner API calls users."""
