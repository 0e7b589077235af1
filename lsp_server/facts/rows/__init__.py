"""How rows of the database go through a project, and which of their associations are loaded."""
