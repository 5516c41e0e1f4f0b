"""Project files: YAML import and export, with the line of every problem."""

from slotmcp.project_file.bookings_file import BookingsFile
from slotmcp.project_file.export import dump_project
from slotmcp.project_file.packaged import DEFAULT_SAMPLE, SAMPLES, project_schema, sample_text
from slotmcp.project_file.problems import Problem, ProjectFileError
from slotmcp.project_file.reading import ProjectFile, load_project_file, read_project_file

__all__ = [
    "DEFAULT_SAMPLE",
    "SAMPLES",
    "BookingsFile",
    "Problem",
    "ProjectFile",
    "ProjectFileError",
    "dump_project",
    "load_project_file",
    "project_schema",
    "read_project_file",
    "sample_text",
]
