"""The loaded model, and switching to another one."""
