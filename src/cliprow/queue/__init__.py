"""The worker: claims tasks from the queue, runs their stages in child processes, and says how they ended.

worker.py       registers, beats, ticks, runs procrastinate's worker
entries.py      what procrastinate's worker is given: tasks, claimed many at a time
task_run.py     one task from its inputs to its completion
completions.py  results that end together are written together
slot.py         one child process, with its limits on time and memory
child.py        what runs in that process
calls.py        the SQL functions of the queue
callbacks.py    webhooks of tenants, called when something of theirs has ended
scratch.py      working folders, removed when their worker is gone
frames.py       what parent and child say to each other
"""
