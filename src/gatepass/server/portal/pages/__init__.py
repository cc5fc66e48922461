"""The pages: functions from a visit to a response; each module has templates of its name."""
