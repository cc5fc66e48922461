"""Client authentication by signed assertions, and who a request was authenticated as."""
