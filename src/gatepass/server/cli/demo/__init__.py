"""The demo: the main job, played over real HTTP against a real server, told as it happens."""
