"""Choosing the clinic's files for an import."""

from dataclasses import dataclass

from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import MultipleFileField


@dataclass(frozen=True, slots=True)
class ChosenFiles:
    """What was chosen, as it arrived; nothing of it has been read yet."""

    files: tuple[FileStorage, ...]


class ImportForm(FlaskForm):  # type: ignore[misc]
    """CSV files, or one zip archive of them."""

    files = MultipleFileField("Files")

    def value(self) -> ChosenFiles:
        """Return the files that were chosen; a field left empty sends one without a name."""
        return ChosenFiles(tuple(file for file in self.files.data or () if file and file.filename))
