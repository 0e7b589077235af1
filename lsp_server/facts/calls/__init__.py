"""Who calls what, where, and what that does in the end: the call graph and its effects."""
