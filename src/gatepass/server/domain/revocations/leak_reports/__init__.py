"""Reports of leaked credentials: taken in at once, looked up afterwards."""
