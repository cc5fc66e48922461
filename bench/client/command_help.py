"""What `gatepass --help` costs in processor time, beside `import click`.

`python -m bench.client.command_help`
"""

import resource
import statistics
import subprocess
import sys

ROUNDS = 15
COMMANDS = {
    "python -c 'import click'": ["-c", "import click"],
    "gatepass --help": ["-m", "gatepass", "--help"],
}


def processor_time(arguments: list[str]) -> float:
    """Return the processor time of one run, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Run both in turn; print the medians and their ratio."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            times[name].append(processor_time(arguments))
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, median in medians.items():
        print(f"{name:<26}{median * 1000:6.0f} ms")
    click, ours = medians.values()
    print(f"{'ratio':<26}{ours / click:6.2f}")


if __name__ == "__main__":
    main()
