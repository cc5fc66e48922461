"""What a shell completes beside commands and options: ids and usernames of the local database."""
