"""Search panes: tabs, groups, and the conversation with the engine."""
