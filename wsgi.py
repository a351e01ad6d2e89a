"""What a WSGI server and `flask --app wsgi` start."""

import os

from iop_schedule.app import create_app

# The database, its journals and staged uploads are for the owner of this process alone.
os.umask(0o077)

app = create_app()
