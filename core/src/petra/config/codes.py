"""Every problem code, with its cause and its cure; the reference and `petra check --explain` show them."""

from __future__ import annotations

from attrs import frozen


@frozen
class Code:
    """What a code means: its cause in one or two sentences, and what to do about it."""

    cause: str
    cure: str


_DOCUMENT = {
    "unreadable": Code(
        "The file does not exist or may not be read.",
        "Check the path and its permissions; PETRA needs to read the file and to enter its folder.",
    ),
    "not-a-file": Code(
        "The path is a folder, a pipe, a socket or a device.",
        "Name a file. To check what another program writes, use `petra check -`.",
    ),
    "too-large": Code(
        "The document is over 16 MiB, holds over a million values (each alias counts as what it stands for), "
        "or one "
        "value is over a million characters long.",
        "Look for aliases that multiply each other, or for a file that is no configuration. Split a very "
        "large plant "
        "into several engines.",
    ),
    "too-deep": Code(
        "More than 64 lists or mappings stand inside each other.",
        "No section is that deep: look for lost brackets.",
    ),
    "not-utf8": Code(
        "The file is not UTF-8 text: saved by an editor with another encoding, or no text at all.",
        "Save it as UTF-8. `iconv -f WINDOWS-1252 -t UTF-8 old.yaml > new.yaml` mends most files from "
        "Windows.",
    ),
    "bad-character": Code(
        "A control character, which YAML does not allow, stands in the document: often what is left of a "
        "broken copy.",
        "Delete the character at the place named.",
    ),
    "empty-document": Code(
        "The document holds nothing but comments or blank lines.",
        "Write at least `signals:` or a plugin's section; `examples/` has documents to start from.",
    ),
    "yaml-syntax": Code(
        "The text is not YAML at this place. The mistake is often in the line above.",
        "Check the indentation (spaces, never tabs), unclosed quotes and brackets, and texts that contain `: "
        "` or `#`.",
    ),
    "missing-space": Code(
        "A key and its value are one text, because no space follows the colon: `name:a` is the name "
        "`name:a`. Or an item of a list is a key, because no space follows the dash: `-name: a`.",
        "Write the space: `name: a`, `- name: a`. A name that is really meant so is put in quotes.",
    ),
    "yaml-alias": Code(
        "An alias `*name` has no anchor `&name` above it, or stands inside the very thing that it names.",
        "Define the anchor above its first use. A section whose key begins with `x-` is a good place for it.",
    ),
    "yaml-ambiguous": Code(
        "YAML readers disagree about this value: `no` is false to some, `12:30` is 750, `010` is eight, "
        "`1_000` is a "
        "thousand. PETRA refuses it rather than choosing.",
        "Write true or false for a switch, the plain number for a number, and quotes around a text.",
    ),
    "yaml-documents": Code(
        "`---` begins a second document in the same file.",
        "Keep one document in each file; `petra check` takes many.",
    ),
    "yaml-tag": Code(
        "A tag such as `!!python/object` or `!include` stands here.", "Leave it out: tags mean nothing."
    ),
    "duplicate-key": Code(
        "The same key stands twice in one mapping, or two names of the same setting do. YAML readers "
        "silently keep one.",
        "Keep the one that is meant.",
    ),
    "bad-key": Code("A list, a mapping or an alias is used as a key.", "A key is a text."),
}

_VALUES = {
    "wrong-type": Code(
        "The value is of another type than the setting: a text where a number belongs, a list where a "
        "mapping does.",
        "Write the type that the message names. Quotes make a text of anything, and anything else needs "
        "none.",
    ),
    "bad-value": Code(
        "The value is of the right type and not allowed: out of its bounds, or none of the choices.",
        "The message and the configuration reference name what is allowed.",
    ),
    "missing-key": Code("A setting without a default is not given.", "Add the key that the message names."),
    "unknown-key": Code(
        "There is no setting of this name here: a slip of the keyboard, or a setting of a newer version.",
        "Take the closest name from the message, or look the section up in the configuration reference.",
    ),
    "no-effect": Code(
        "A setting of the original that PETRA accepts and does not need. The note says what there is in its "
        "place.",
        "Nothing needs to be done. `petra migrate` takes such settings out.",
    ),
    "unset-variable": Code(
        "`${NAME}` stands for an environment variable that is not set.",
        "Set it for the process that runs PETRA (`Environment=` or `EnvironmentFile=` of a systemd unit), or "
        "give a "
        "default: `${NAME:-default}`.",
    ),
    "bad-substitution": Code(
        "`${...}` is neither a variable nor a file, or is not closed.",
        "Write `${NAME}`, `${NAME:-default}` or `${file:/path}`; a plain `${` is written `$${`.",
    ),
    "unreadable-secret": Code(
        "`${file:...}` names a file that does not exist, may not be read, is over 64 KiB, or is no text.",
        "Check the path (relative to the document's folder) and its permissions for the user who runs PETRA.",
    ),
    "plain-secret": Code(
        "A password, token or key is written in the document, where backups and version control keep it.",
        "Use `${NAME}` or `${file:/run/secrets/name}`.",
    ),
}

_SECTIONS = {
    "not-installed": Code(
        "The section belongs to a plugin that is not installed, or to a newer petra-core.",
        "Install it with the command that the message shows, in the environment that runs PETRA.",
    ),
    "not-yet": Code(
        "The section, or the type of block, is one of the original's that no version of PETRA reads yet. "
        "The document is good without it, and nothing that stands in it takes effect: no alarm is raised, "
        "nothing is stored, no message is sent.",
        "Leave it for the version that reads it. `petra check --strict` refuses a document that has one.",
    ),
    "unknown-section": Code(
        "No installed plugin owns a section of this name, and none is known to.",
        "Take the closest name from the message, install the plugin that provides the section, or begin the "
        "key with "
        "`x-` when it only holds anchors.",
    ),
    "quarantined-section": Code(
        "The plugin of this section is installed and in quarantine, so its section cannot be read.",
        "`petra doctor` says why the plugin was refused.",
    ),
    "plugin-quarantined": Code(
        "An installed plugin was refused. The document does without it.",
        "`petra doctor` says why; `petra plugins info NAME` shows the traceback.",
    ),
}

_PROGRAM = {
    "duplicate-name": Code("Two signals, or two blocks, have the same name.", "Rename one of them."),
    "unknown-block-type": Code(
        "No installed plugin provides a block of this type.",
        "Take the closest name from the message, or install the plugin; `petra plugins list` shows what is "
        "there.",
    ),
    "disabled-block": Code(
        "A block with `enabled: false` is checked and not run. The signals that it would write hold their "
        "initial values.",
        "Take `enabled: false` out to run it, or take the block out.",
    ),
    "two-meanings": Code(
        "`SR_LATCH` meant two things in the original: when both of its inputs are true, its first generation "
        "reset it, and its second one, as IEC 61131-3, sets it. PETRA sets it.",
        "Write `SR` where it is to be set, or `RS` where it is to be reset, as in documents of the first "
        "generation. The ports are the same. `petra migrate --generation 1` (or 2) does it for a document.",
    ),
    "no-safe-value": Code(
        "A signal goes to a device and has no `safe` value: when scans stop, or when what it depends on is "
        "lost, the device keeps what was written last.",
        "Give the signal the value that is safe: `safe: false` of a pump, `safe: 0.0` of a valve. Where none "
        "is, and the device is to keep what it has, say so: `on_bad: hold`.",
    ),
    "unknown-port": Code(
        "The block has no input or output of this name.",
        "`petra plugins info` lists the ports of every block.",
    ),
    "maybe-misspelt": Code(
        "A block that takes any number of inputs, under any names, has one whose name is a slip away from "
        "that of a port or a parameter: `rest` of an INTERLOCK is a condition, and not its `reset`.",
        "Write the name that was meant. If it is really one of the inputs, give it another name.",
    ),
    "unknown-param": Code(
        "The block has no parameter of this name.",
        "`petra plugins info` lists the parameters of every block.",
    ),
    "missing-input": Code(
        "An input that has no default is not wired.",
        "Wire it to a signal or give it a literal, such as 75.0.",
    ),
    "no-outputs": Code(
        "No output of the block is wired to a signal, so that nothing sees what it computes.",
        "Wire an output under `outputs`, or leave the block out.",
    ),
    "params-conflict": Code(
        "Parameters or constant inputs of a block do not go together, such as a lower limit above the upper "
        "one, or a formula with an input that is not wired.",
        "Change the one that the message names, or the other.",
    ),
    "bool-as-number": Code(
        "A bool is wired to an input that takes numbers. It counts as 0 or 1.",
        "If it is meant, leave it; `CONVERT` makes a number of a bool openly.",
    ),
    "rounded-output": Code(
        "A block computes a number with a fraction, and the signal that it writes is declared `int`. It is "
        "rounded to the nearest whole number, halves to the even one, within 64 bits.",
        "If it is meant, as in documents of the original, leave it. Otherwise declare the signal `float`, or "
        "round openly with `CONVERT`.",
    ),
    "left-out": Code(
        "An input that may be left out is not wired: it counts as 0, false or an empty text.",
        "If it is meant, leave it. Otherwise wire it to a signal or give it a literal, such as 75.0.",
    ),
    "assumed-value": Code(
        "A block takes a value that the document does not give, or does something else than a block of this "
        "name in the original.",
        "If the note says what is meant, leave it. Otherwise give the value that it names.",
    ),
    "closed-loop": Code(
        "Blocks of plain logic form a loop that no signal from outside reaches, such as a ring of NOTs. It "
        "never changes, or it changes in every scan.",
        "Wire what is missing. To make a signal that changes in every scan, `DATA_GENERATOR` is plainer.",
    ),
    "unknown-task": Code(
        "A block names a task that is not among `tasks`.",
        "Take the closest name from the message, or declare the task.",
    ),
    "missing-param": Code("A parameter that has no default is not given.", "Give it under `params`."),
    "unknown-signal": Code(
        "A signal is read that is neither declared nor written by any block or section.",
        "Take the closest name from the message, or declare the signal.",
    ),
    "two-writers": Code(
        "Two block outputs or sections write the same signal. The last one would win, scan after scan, "
        "and nobody would know.",
        "Give each its own signal and choose between them with a block.",
    ),
}

_PLUGINS = {
    "plugin-import": Code(
        "The plugin's module raised an exception when it was imported, often because a library it needs is "
        "missing.",
        "Install what the message names, or reinstall the plugin: `pip install --force-reinstall NAME`.",
    ),
    "plugin-api": Code(
        "The plugin was written for another version of the plugin API, or does not say for which "
        "(`PETRA_API`).",
        "Upgrade the plugin or petra-core, whichever is older.",
    ),
    "plugin-hook": Code(
        "One of the plugin's hooks raised, returned no list, or is no hook of PETRA at all.",
        "Report it to the plugin's author; `petra plugins info NAME` shows the traceback.",
    ),
    "plugin-contract": Code(
        "The plugin registered something that is not what its hook promises.",
        "Report it to the plugin's author, who finds it with `petra plugins certify`.",
    ),
    "plugin-conflict": Code(
        "Two plugins offer the same name, or a plugin takes a name of core's. The first keeps it (core, then "
        "by name).",
        "Uninstall one of the two, or ask its author to rename what it offers.",
    ),
}

CODES: dict[str, Code] = {**_DOCUMENT, **_VALUES, **_SECTIONS, **_PROGRAM, **_PLUGINS}

GROUPS: dict[str, dict[str, Code]] = {
    "The document": _DOCUMENT,
    "Values": _VALUES,
    "Sections": _SECTIONS,
    "The program": _PROGRAM,
    "Plugins": _PLUGINS,
}
