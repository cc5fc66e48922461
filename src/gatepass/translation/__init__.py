"""The languages of pages and mail: texts by gettext, dates and numbers by Babel."""
