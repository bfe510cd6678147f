"""Figures as CSV, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response

from cliprow.spreadsheets import plain_text


def csv_answer(rows: Sequence[msgspec.Struct], kind: type[msgspec.Struct], name: str) -> Response[Any]:
    """Rows with a line of column names; also without any rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = [field.encode_name for field in msgspec.structs.fields(kind)]
    writer.writerow(columns)
    for row in rows:
        values = msgspec.to_builtins(row)
        writer.writerow([_cell(values[column]) for column in columns])
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(buffer.getvalue().encode(), media_type="text/csv", headers=headers)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return plain_text(value)
    return "" if value is None else value
