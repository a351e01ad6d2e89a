"""What a WSGI server and `flask --app wsgi` start."""

from iop_schedule.app import create_app

app = create_app()
