"""``imagefinder doctor``: what was found on this machine, what was chosen and why."""
