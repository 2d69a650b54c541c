"""The parts of ``docs/`` that are made from the code: ``./shop docs`` writes them, a test compares them.

- ``pages.py``     which page holds which generated block
- ``blocks.py``    a block of a page, between its markers
- ``settings.py``  the table of settings
- ``commands.py``  the reference of the command line
- ``results.py``   the reference of the results
"""
