"""A project that is there already: what is found of it, and the settings that say so."""
