"""Page functions, from a request to a response; each module uses the templates of its name."""
