"""Results grid of a search pane, and the actions on results."""
