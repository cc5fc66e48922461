"""The client secrets of applications: rotating and ending them, and reminders before they end."""
