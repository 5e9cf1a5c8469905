"""SQL text: tokens, expressions, statements; nothing here talks to a database."""
