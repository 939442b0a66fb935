"""``imagefinder doctor``: report the hardware and software found, what was chosen, and how fast it is."""
