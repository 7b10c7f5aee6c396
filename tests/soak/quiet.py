# SPDX-License-Identifier: Apache-2.0
"""What must be the same everywhere when all have fallen quiet."""

CONTESTED = "soak_contested_"  # names that every node wants


def differences(reports):
    """Sentences for whatever the last reports of the nodes, by name, do not agree on."""
    return [*unequal_lists(reports), *unequal_streams(reports), *open_monitors(reports), *unequal_names(reports),
            *unequal_groups(reports)]


def unequal_lists(reports):
    for node, report in reports.items():
        others = set(reports) - {node}
        if set(report["nodes"]) != others:
            yield f"{node} sees {sorted(report['nodes'])} in the end"


def unequal_streams(reports):
    for sender, report in reports.items():
        for receiver, (stream, number) in report["out"].items():
            taken = reports[receiver]["in"].get(sender)
            if taken != [stream, number]:
                yield (f"{sender} has sent {number} messages in stream {stream} to {receiver}, "
                       f"which has {'nothing of it' if taken is None else f'{taken[1]} in stream {taken[0]}'}")


def open_monitors(reports):
    for node, report in reports.items():
        if report["monitors_open"]:
            yield f"{node} waits for {report['monitors_open']} DOWN"


def unequal_names(reports):
    views = {node: report["names"] for node, report in reports.items() if "names" in report}
    for node, names in views.items():
        for owner in views:
            holder = names.get(f"soak_name_{owner}")
            if not holder or not holder.startswith(f"{owner}/"):
                yield f"{node} finds {holder} under the name of {owner}"
    yield from unequal(views, "name", lambda name: not name.startswith(CONTESTED))


def unequal_contested(reports):
    """A cluster of OTP alone does not always agree on these (README.md), so they are told, and no promise."""
    views = {node: report["names"] for node, report in reports.items() if "names" in report}
    return list(unequal(views, "name", lambda name: name.startswith(CONTESTED)))


def unequal_groups(reports):
    yield from unequal({node: report["groups"] for node, report in reports.items() if "groups" in report}, "group")


def unequal(views, what, counts=lambda key: True):
    for key in sorted({key for view in views.values() for key in view if counts(key)}):
        seen = {}
        for node, view in views.items():
            seen.setdefault(str(view.get(key)), []).append(node)
        if len(seen) > 1:
            yield f"{what} {key} differs: " + "; ".join(f"{text} on {', '.join(nodes)}" for text, nodes in seen.items())
