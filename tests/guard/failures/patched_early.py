"""A configuration of gunicorn that has gevent patch the process before it loads the application."""

import importlib

importlib.import_module("gevent.monkey").patch_all()
