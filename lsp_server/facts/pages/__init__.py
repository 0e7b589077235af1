"""LiveViews, components and templates, joined with the events and assigns between them."""
