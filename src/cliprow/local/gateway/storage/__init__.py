"""Files over HTTP, as Supabase Storage serves them, under /storage/v1.

    buckets      places for files                          `buckets`, `bucket_routes`
    objects      upload, download, list, move, remove      `object_routes`, `uploads`, `downloads`, `objects`
    signatures   links that stand for a right              `signatures`, `signing_routes`
    resumable    uploads in pieces (TUS 1.0.0)             `resumable`, `resumable_routes`

A row of storage.objects names the file that holds its bytes by its `version`. That file is written whole under a new
version before the row is, and removed after the row has moved on, so a reader meets one content or the other. Every
change of a row is made as the caller: the database's policies decide, nothing here does.
"""
