"""Single sign-on: an organization's people log in through its own OpenID provider."""
