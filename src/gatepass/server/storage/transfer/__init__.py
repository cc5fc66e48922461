"""The rows of every table, read from one database and written into another, in one encoding.

Backup, restore and copy share it. The tables are those that the database has, whatever revision it
is of, so a new table or column needs no change here.
"""
