"""The portal: the web pages for the partners' users."""
