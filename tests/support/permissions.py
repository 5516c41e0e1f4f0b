"""Permissions of files that apply to the superuser, too."""

import os
from typing import Final

_WITHOUT_OVERRIDE: Final = ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override")

LIMITED: Final = _WITHOUT_OVERRIDE if os.getuid() == 0 else ()
"""Command that runs another one, to which the permissions of files apply."""
