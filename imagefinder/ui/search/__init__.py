"""Search panes: tabs, groups of panes and their requests to the engine."""
