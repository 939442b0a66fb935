"""The command ``imagefinder doctor``, which reports hardware, software, choices made, and speed."""
