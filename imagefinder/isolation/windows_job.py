"""Windows job object that limits a decoder's memory, forbids child processes, and ends it with the main process."""

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _EXTENDED_LIMITS = 9
    _UI_RESTRICTIONS = 4
    _ACTIVE_PROCESS, _PROCESS_MEMORY, _KILL_ON_CLOSE, _DIE_ON_EXCEPTION = 0x8, 0x100, 0x2000, 0x400
    _ALL_UI = 0xFF

    class _Basic(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _Extended(ctypes.Structure):
        _fields_ = (
            ("Basic", _Basic),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    def confine(process_handle: int, most_bytes: int) -> int:
        """Put a process into a new job object; return the job's handle, or 0 if that failed.

        The process ends when the handle is closed, which also happens when the main process ends.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
        kernel.SetInformationJobObject.argtypes = [
            wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD
        ]  # fmt: skip
        kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
        kernel.CloseHandle.argtypes = [wintypes.HANDLE]
        job = kernel.CreateJobObjectW(None, None)
        if not job:
            return 0
        limits = _Extended()
        limits.Basic.LimitFlags = _ACTIVE_PROCESS | _PROCESS_MEMORY | _KILL_ON_CLOSE | _DIE_ON_EXCEPTION
        limits.Basic.ActiveProcessLimit = 1
        limits.ProcessMemoryLimit = most_bytes
        windows = wintypes.DWORD(_ALL_UI)
        if (
            kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
            and kernel.SetInformationJobObject(
                job, _UI_RESTRICTIONS, ctypes.byref(windows), ctypes.sizeof(windows)
            )
            and kernel.AssignProcessToJobObject(job, process_handle)
        ):
            return int(job)
        kernel.CloseHandle(job)
        return 0

    def close(job: int) -> None:
        """Close a job, which ends the process in it."""
        ctypes.WinDLL("kernel32").CloseHandle(wintypes.HANDLE(job))
