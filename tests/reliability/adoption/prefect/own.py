"""A database as prefect makes it."""

import subprocess
import sys
from pathlib import Path

prefect = Path(sys.executable).with_name("prefect")
subprocess.run([str(prefect), "server", "database", "upgrade", "-y"], check=True)
