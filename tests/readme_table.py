"""README's table of what lies in a run folder."""

import fnmatch
import re

from small_runs import ROOT


def run_folder_names():
    """The table's names, such as "config.ini", "export/", "report_<name>.html"."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("| in a run folder | |\n| --- | --- |\n")[1].split("\n\n")[0]
    cells = [row.split(" | ")[0] for row in table.splitlines()]
    return [name for cell in cells for name in re.findall("`([^`]+)`", cell)]


def unnamed(folder):
    """What lies in a run folder and is not in the table, folders with their "/"."""
    globs = [re.sub("<.*?>", "*", name) for name in run_folder_names()]
    there = [path.name + "/" * path.is_dir() for path in folder.iterdir()]
    return [n for n in there if not any(fnmatch.fnmatchcase(n, g) for g in globs)]
