"""Many jobs or datasets in one table: search, filter, group, sort and page, all on the server's side.

::

    selection.py  what is asked for and what is found; knows no page and no kind of thing
    jobs.py       jobs as rows: their words, facets, orders and columns
    datasets.py   datasets as rows
    table.py      the table on a page

A page of the table is all that travels: ten thousand jobs cost a browser as much as twenty-five.
"""
