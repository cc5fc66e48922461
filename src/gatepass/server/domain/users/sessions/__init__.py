"""Portal sessions: kept in the database, known to the browser by a random id."""
