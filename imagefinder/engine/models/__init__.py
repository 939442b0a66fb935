"""The loaded model, and the switch to another one."""
