"""A deployment elsewhere, through its REST API.

credentials.py  who is signed in where; one private file
api.py          requests as who is signed in, and what refusals mean
sign_in.py      sign in with a password, or in the browser
batches.py      batches and jobs, as `cliprow.batches` has them
files.py        finished files, by links that live for a minute
"""
