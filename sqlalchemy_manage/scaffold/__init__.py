"""New projects and apps: templates, names, and files that are laid down all or not at all."""
