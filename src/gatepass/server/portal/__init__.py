"""The portal: the web pages of people."""
