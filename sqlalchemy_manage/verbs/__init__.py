"""What the commands do, as functions that print nothing: the commands and Project call them."""
