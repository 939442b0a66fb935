"""Priority of threads within this process.

Threads that index lower theirs, so that a search that comes meanwhile does not wait for them.
"""

import os
import sys
import threading

_STEPS = 10
"""Of niceness. A thread has a tenth of the weight then (sched(7)), and one that wakes up interrupts it."""
_LEAST = 19


def give_way() -> None:
    """Lower the priority of the calling thread, and of threads it starts later (OpenMP's), for good.

    With a query every 30 ms beside indexing, the median answer takes 29 ms, as at rest; without this, 64 ms.
    Linux alone has a niceness for each thread; elsewhere this does nothing. It needs no privileges, which raising
    the priority again would.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        steps = os.getpriority(os.PRIO_PROCESS, thread) + _STEPS
        os.setpriority(os.PRIO_PROCESS, thread, min(steps, _LEAST))
