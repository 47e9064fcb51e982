# SPDX-License-Identifier: MIT
"""What stops the harness."""


class HarnessError(Exception):
    """Something outside of the recording went wrong: no package, no QEMU, a guest that hangs. Exit status 2."""
