"""Factories for models that have none: read from the models, written as a person would."""
