"""Statements put into SQL once and run on a driver's own cursor.

For the few reads that happen so often that what a session does around a statement costs more than the
statement. Types are converted as everywhere; there is no transaction around several statements.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Engine
from sqlalchemy.sql import Select

Convert = Callable[[Any], Any] | None


class Prepared:
    """A statement that returns one row or none."""

    def __init__(self, statement: Select[Any]) -> None:
        """Keep the statement; it becomes SQL when it is first run on a kind of database."""
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def one_or_none(self, engine: Engine, cursor: Any, values: Mapping[str, object]) -> Any:
        """Return the row with its columns by name, or None.

        Args:
            engine: where the cursor is from.
            cursor: of the driver.
            values: of the statement's parameters, by name.
        """
        form = self._forms.get(engine.dialect.name)
        if form is None:
            form = self._forms[engine.dialect.name] = _Form(self._statement, engine.dialect)
        cursor.execute(form.sql, form.given(values))
        found = cursor.fetchone()
        return None if found is None else form.row(found)


class _Form:
    """A statement in the words of one kind of database."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self._fixed = compiled.construct_params(_check=False)
        self._order: list[str] | None = compiled.positiontup
        self._into: dict[str, Convert] = compiled._bind_processors
        columns = compiled._result_columns
        self._out_of: list[Convert] = [
            column.type._cached_result_processor(dialect, None) for column in columns
        ]
        names = [column.keyname for column in columns]
        self._row: Any = namedtuple("_row", names, rename=True)  # type: ignore[misc]

    def given(self, values: Mapping[str, object]) -> Any:
        """Return the parameters as the driver takes them: in order, or by name."""
        params = {**self._fixed, **values}
        for name, convert in self._into.items():
            if convert is not None:
                params[name] = convert(params[name])
        return params if self._order is None else [params[name] for name in self._order]

    def row(self, found: Any) -> Any:
        """Return what the driver found as the types of the tables."""
        pairs = zip(self._out_of, found, strict=True)
        return self._row._make(value if convert is None else convert(value) for convert, value in pairs)
