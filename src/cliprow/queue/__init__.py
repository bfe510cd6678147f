"""The worker: claims tasks from the queue, runs their stages in child processes, and says how they ended.

worker.py    registers, beats, ticks, fetches queue entries through procrastinate
task_run.py  one task from claim to completion
slot.py      one child process, with its limits on time and memory
child.py     what runs in that process
calls.py     the SQL functions of the queue
scratch.py   working folders, removed when their worker is gone
frames.py    what parent and child say to each other
"""
