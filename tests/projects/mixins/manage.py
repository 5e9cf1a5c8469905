import os
import sys

from sqlalchemy_manage import main

os.environ.setdefault("MANAGE_SETTINGS_MODULE", "staff_settings")
sys.exit(main())
