"""Values as text and graphics for the portal's pages."""
