"""Reports of leaked credentials: the endpoint for everybody, and the one for GitHub."""
