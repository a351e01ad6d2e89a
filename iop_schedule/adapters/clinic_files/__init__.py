"""The clinic's CSV files: what each holds, reading them row by row, writing them back.

`tables` describes the files, `values` the cells, `dialect` how a file is encoded and separated, `rows`
reads and writes them, `staging` takes uploads and zip archives in, `problems` says what is wrong where.
Nothing here knows the database.
"""
