"""What the tests share: projects in folders, databases, programs, models and cases."""
