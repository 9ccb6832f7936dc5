"""comparison.md: how it was made, the tables, what was chosen, the findings."""

from collections.abc import Sequence

from huse_tf.comparison.findings import findings
from huse_tf.comparison.outcomes import Outcome
from huse_tf.comparison.tables import MISSING, markdown, shown
from huse_tf.progress import clock


def report(outcomes: Sequence[Outcome], record: dict) -> str:
    """Lays the comparison out as markdown.

    Args:
        outcomes: the rows.
        record: what comparison.json holds.
    """
    parts = ["# Comparison", _conditions(outcomes, record)]
    for number, table in shown(outcomes).items():
        parts += [
            f"## {table.title}",
            markdown(table, outcomes),
            f"![{table.title}](table{number}.png)",
        ]
    found = findings(outcomes)
    if found:
        lines = [f"- {finding}" for finding in found]
        parts += ["## Findings", "\n".join(lines)]
    parts += ["## Settings", _settings(outcomes)]
    parts += ["## Losses", "![losses by epoch](losses.png)"]
    return "\n\n".join(parts)


def _conditions(outcomes: Sequence[Outcome], record: dict) -> str:
    catalog, machine = record["catalog"], record["hardware"]
    seeds = ", ".join(map(str, outcomes[0].seeds))
    versions = ", ".join(
        f"{name} {value}" for name, value in record["versions"].items()
    )
    devices = f"{machine['processor']}, {machine['cores']} cores, "
    devices += f"{machine['memory_gib']} GiB" + "".join(
        f", {g}" for g in machine["gpus"]
    )
    lines = [
        f"    {record['command']}",
        "",
        f"{catalog['rows']:,} products in {catalog['classes']:,} classes: "
        f"{catalog['train']:,} train, {catalog['validation']:,} validation, "
        f"{catalog['test']:,} test. Batches of {record['batch_size']:,}, "
        f"{record['epochs']} epochs, seeds {seeds}; "
        + (
            f"settings chosen among {record['trials']} trials of "
            f"{record['trial_epochs']} epochs each, by validation rows. "
            if outcomes[0].trials
            else "settings as in the config. "
        )
        + "The tables are of the test rows"
        + (
            ", mean ± sample standard deviation over the seeds."
            if len(outcomes[0].seeds) > 1
            else "."
        ),
        "",
        f"{record['date']}; {devices}; {versions}; {clock(record['run_seconds'])} of "
        "training and evaluation.",
    ]
    return "\n".join(lines)


def _settings(outcomes: Sequence[Outcome]) -> str:
    lines = ["| | settings | validation scores of the trials |", "| --- | --- | --- |"]
    for outcome in outcomes:
        chosen = ", ".join(f"{key} {value}" for key, value in outcome.settings.items())
        scores = [
            "diverged" if trial.score is None else f"{trial.score:.4f}"
            for trial in outcome.trials
        ]
        shown = ", ".join(scores) or MISSING
        lines.append(f"| {outcome.variant.name} | {chosen} | {shown} |")
    return "\n".join(lines)
