"""All problem codes with cause and remedy, for the reference pages and `petra check --explain`."""

from __future__ import annotations

from attrs import frozen


@frozen
class Code:
    """The meaning of a code: the cause in one or two sentences, and what to do."""

    cause: str
    cure: str


_DOCUMENT = {
    "unreadable": Code(
        "The file does not exist or may not be read.",
        "Check the path and its permissions: PETRA must be able to read the file and to enter its folder.",
    ),
    "not-a-file": Code(
        "The path is a folder, a pipe, a socket or a device.",
        "Give the path of a file. To check the output of another program, use `petra check -`.",
    ),
    "too-large": Code(
        "The document is over 16 MiB, holds over a million values (an alias counts as the values of its "
        "anchor), or contains a value of over a million characters.",
        "Look for aliases that multiply each other, or for a file that is not a configuration. Split a very "
        "large plant into several engines.",
    ),
    "too-deep": Code(
        "More than 64 lists or mappings are nested.",
        "No section is that deep: look for missing closing brackets.",
    ),
    "not-utf8": Code(
        "The file is not UTF-8 text: an editor has saved it in another encoding, or it is not a text file.",
        "Save it as UTF-8. `iconv -f WINDOWS-1252 -t UTF-8 old.yaml > new.yaml` converts most files from "
        "Windows.",
    ),
    "bad-character": Code(
        "The document contains a control character, which YAML does not allow. Often a copy was damaged.",
        "Delete the character at the reported place.",
    ),
    "empty-document": Code(
        "The document contains only comments or blank lines.",
        "Write at least `signals:` or a plugin's section; see `examples/` for documents to start from.",
    ),
    "yaml-syntax": Code(
        "The text is not valid YAML at this place. The mistake is often in the line above.",
        "Check the indentation (spaces, never tabs), unclosed quotes and brackets, and texts that contain `: "
        "` or `#`.",
    ),
    "missing-space": Code(
        "A key and its value are one text, because no space follows the colon: `name:a` is the name "
        "`name:a`. Or an item of a list is a key, because no space follows the dash: `-name: a`.",
        "Write the space: `name: a`, `- name: a`. If the name is really meant this way, put it in quotes.",
    ),
    "yaml-alias": Code(
        "An alias `*name` has no anchor `&name` above it, or is used inside its own anchor.",
        "Define the anchor above its first use, for example in a section whose key begins with `x-`.",
    ),
    "yaml-ambiguous": Code(
        "YAML readers read this value in different ways: some read `no` as false, `12:30` as 750, `010` as "
        "eight, `1_000` as a thousand. PETRA does not guess.",
        "Write true or false for a switch, the plain number for a number, and quotes around a text.",
    ),
    "yaml-documents": Code(
        "`---` begins a second document in the same file.",
        "Write each document to its own file; `petra check` takes several files.",
    ),
    "yaml-tag": Code(
        "There is a tag such as `!!python/object` or `!include`.", "Leave it out: tags are not supported."
    ),
    "duplicate-key": Code(
        "The same key is given twice in one mapping, or by two names of the same setting. Many YAML readers "
        "silently keep one of them.",
        "Keep the intended one.",
    ),
    "bad-key": Code("A list, a mapping or an alias is used as a key.", "Write a text as the key."),
}

_VALUES = {
    "wrong-type": Code(
        "The value has another type than the setting: a text instead of a number, a list instead of a "
        "mapping.",
        "Write a value of the type in the message. A value in quotes is always a text; all other values are "
        "written without quotes.",
    ),
    "bad-value": Code(
        "The value has the right type but is not allowed: out of bounds, or not one of the choices.",
        "See the message or the configuration reference for the allowed values.",
    ),
    "missing-key": Code("A required setting is not given.", "Add the key in the message."),
    "unknown-key": Code(
        "There is no setting of this name here: a typing error, or a setting of a newer version.",
        "Use the name that the message suggests, or see the section in the configuration reference.",
    ),
    "include-unreadable": Code(
        "A file that `include` or `table` names cannot be read, or is too large.",
        "Names begin at the folder of the file that names them. Check the name and the permissions.",
    ),
    "include-no-match": Code(
        "No file has a name that fits the pattern of an `include`.",
        "Check the pattern; names begin at the folder of the file that contains it.",
    ),
    "include-cycle": Code(
        "Files include each other in a circle.",
        "Leave out one of the includes; what both need belongs into a third file.",
    ),
    "join-conflict": Code(
        "Two files, or a file and an instance of a template, give one setting two values.",
        "Give the setting once. Lists and mappings may be given in several places: they are joined.",
    ),
    "unknown-template": Code(
        "`instances` names a template that is not given.",
        "Use the name that the message suggests, or include the file with the template.",
    ),
    "template-cycle": Code(
        "A template contains an instance of itself, directly or through others.",
        "Leave out one of the instances: it would go on without an end.",
    ),
    "unknown-parameter": Code(
        "A value is given for a parameter that the template does not have, or a reference names one.",
        "Use the name that the message suggests, or add it to `parameters` of the template.",
    ),
    "missing-parameter": Code(
        "An instance gives no value for a parameter that has no default.",
        "Give it under `with`, `for` or `table`, or give the parameter a default.",
    ),
    "unused-parameter": Code(
        "Nothing in a template refers to one of its parameters.",
        "Write `$(NAME)` where the value belongs, or leave the parameter out.",
    ),
    "bad-reference": Code(
        "A text in a template contains `$(` and no valid reference to a parameter.",
        "Write `$(NAME)`, or `$(NAME:FORMAT)` as in `$(n:02)`; a literal `$(` is written `$$(`.",
    ),
    "bad-table": Code(
        "A table of values is not valid CSV, or does not fit the parameters.",
        "The first row has the names of parameters, and every other row as many cells.",
    ),
    "empty-table": Code("A table of values has no rows.", "Add rows, or leave the instances out."),
    "too-many-instances": Code(
        "Ranges and tables make more instances than a document may have.",
        "Check the ranges: those under one `for` are multiplied.",
    ),
    "empty-group": Code(
        "No signal has a name below that of the group, so that it has no effect.",
        "Use the name that the message suggests; `pump1.run` and `pump1/run` belong to the group `pump1`.",
    ),
    "no-effect": Code(
        "PETRA accepts this setting of the original but does not use it. The note names what replaces it.",
        "No action is needed. `petra migrate` removes such settings.",
    ),
    "unset-variable": Code(
        "`${NAME}` references an environment variable that is not set.",
        "Set it for the process that runs PETRA (`Environment=` or `EnvironmentFile=` of a systemd unit), or "
        "give a "
        "default: `${NAME:-default}`.",
    ),
    "bad-substitution": Code(
        "`${...}` is neither a variable nor a file, or is not closed.",
        "Write `${NAME}`, `${NAME:-default}` or `${file:/path}`; a plain `${` is written `$${`.",
    ),
    "unreadable-secret": Code(
        "`${file:...}` names a file that does not exist, cannot be read, is over 64 KiB, or is not a text.",
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
        "The section or block type exists in the original, but this version of PETRA does not read it. "
        "The rest of the document is used, and the section has no effect: no alarm is raised, "
        "nothing is stored, no message is sent.",
        "Keep it for a later version. `petra check --strict` refuses a document that contains one.",
    ),
    "unknown-section": Code(
        "No installed plugin owns a section of this name, and no known plugin does.",
        "Use the name that the message suggests, install the plugin that provides the section, or begin the "
        "key with `x-` if it only holds anchors.",
    ),
    "quarantined-section": Code(
        "The plugin of this section is installed but in quarantine, so the section cannot be read.",
        "`petra doctor` shows why the plugin was refused.",
    ),
    "plugin-quarantined": Code(
        "An installed plugin was refused. The document does not use it.",
        "`petra doctor` shows the reason, and `petra plugins info NAME` the traceback.",
    ),
}

_PROGRAM = {
    "duplicate-name": Code("Two signals, or two blocks, have the same name.", "Rename one of them."),
    "unknown-block-type": Code(
        "No installed plugin provides a block of this type.",
        "Use the name that the message suggests, or install the plugin; `petra plugins list` shows the "
        "installed ones.",
    ),
    "disabled-block": Code(
        "A block with `enabled: false` is checked but does not run. Its output signals keep their initial "
        "values.",
        "Remove `enabled: false` to run the block, or remove the block.",
    ),
    "two-meanings": Code(
        "`SR_LATCH` had two meanings in the original. With both inputs true, the first generation resets it, "
        "and the second generation sets it, as IEC 61131-3 does. PETRA sets it.",
        "Write `SR` to set it, or `RS` to reset it, as in documents of the first generation. The ports are "
        "the same. `petra migrate --generation 1` (or 2) rewrites a whole document.",
    ),
    "no-safe-value": Code(
        "A signal goes to a device and has no `safe` value: if scans stop, or if an input of the logic is "
        "lost, the device keeps the last written value.",
        "Give the signal a safe value, such as `safe: false` for a pump or `safe: 0.0` for a valve. If no "
        "value is safe and the device should keep its value, write `on_bad: hold`.",
    ),
    "unknown-port": Code(
        "The block has no input or output of this name.",
        "`petra plugins info` lists the ports of every block.",
    ),
    "maybe-misspelt": Code(
        "A block that takes any number of inputs, under any names, has an input whose name is almost that of "
        "a port or parameter: `rest` of an INTERLOCK is read as a condition, not as its `reset`.",
        "Write the intended name. If it is really one of the inputs, give it another name.",
    ),
    "unknown-param": Code(
        "The block has no parameter of this name.",
        "`petra plugins info` lists the parameters of every block.",
    ),
    "missing-input": Code(
        "An input without a default is not wired.",
        "Wire it to a signal or give it a literal, such as 75.0.",
    ),
    "no-outputs": Code(
        "No output of the block is wired to a signal, so its results are not used.",
        "Wire an output under `outputs`, or remove the block.",
    ),
    "params-conflict": Code(
        "Parameters or constant inputs of a block contradict each other, such as a lower limit above the "
        "upper limit, or a formula with an input that is not wired.",
        "Change one of the values in the message.",
    ),
    "bool-as-number": Code(
        "A bool is wired to an input that takes numbers. It counts as 0 or 1.",
        "If this is intended, no action is needed; `CONVERT` makes the conversion visible.",
    ),
    "rounded-output": Code(
        "A block computes a number with a fraction, but its output signal is declared `int`. The number is "
        "rounded to the nearest whole number, a half to the even neighbour, within 64 bits.",
        "If this is intended, as in documents of the original, no action is needed. Otherwise declare the "
        "signal `float`, or make the rounding visible with `CONVERT`.",
    ),
    "left-out": Code(
        "An optional input is not wired: it counts as 0, false or an empty text.",
        "If this is intended, no action is needed. Otherwise wire it to a signal or a literal, such as 75.0.",
    ),
    "assumed-value": Code(
        "A block uses a value that the document does not give, or differs from the block of this name in the "
        "original.",
        "If the value in the note is intended, no action is needed. Otherwise give the intended value.",
    ),
    "closed-loop": Code(
        "Blocks of bool logic form a loop that no other signal reaches, such as a ring of NOTs. Its outputs "
        "never change, or change in every scan.",
        "Wire the missing input. For a signal that changes in every scan, use `DATA_GENERATOR`.",
    ),
    "unknown-task": Code(
        "A block names a task that is not among `tasks`.",
        "Use the name that the message suggests, or declare the task.",
    ),
    "missing-param": Code("A parameter without a default is not given.", "Give it under `params`."),
    "unknown-signal": Code(
        "A signal that is read is neither declared nor written by any block or section.",
        "Use the name that the message suggests, or declare the signal.",
    ),
    "two-writers": Code(
        "Two block outputs or sections write the same signal. The last one would overwrite the other in "
        "every scan, without any sign of it.",
        "Give each its own signal, and choose between the signals with a block.",
    ),
}

_PLUGINS = {
    "plugin-import": Code(
        "The plugin's module raised an exception when it was imported, often because a library is missing.",
        "Install the library in the message, or reinstall the plugin: `pip install --force-reinstall NAME`.",
    ),
    "plugin-api": Code(
        "The plugin was written for another version of the plugin API, or does not declare a version "
        "(`PETRA_API`).",
        "Upgrade the plugin or petra-core, whichever is older.",
    ),
    "plugin-hook": Code(
        "One of the plugin's hooks raised an exception, did not return a list, or is not a hook of PETRA.",
        "Report it to the plugin's author; `petra plugins info NAME` shows the traceback.",
    ),
    "plugin-contract": Code(
        "The plugin registered something that does not match the contract of the hook.",
        "Report it to the plugin's author; `petra plugins certify` shows the error.",
    ),
    "plugin-conflict": Code(
        "Two plugins register the same name, or a plugin registers a name of the core. The first keeps it "
        "(the core, then plugins in order of their names).",
        "Uninstall one of the two, or ask its author to rename what the plugin registers.",
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
