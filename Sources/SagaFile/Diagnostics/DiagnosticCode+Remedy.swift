extension DiagnosticCode {
    /// What to do about it, when the place knows nothing better.
    package var remedy: String {
        switch self {
        case .fileUnreadable: "Check the path and the rights."
        case .fileTooLarge: "Split the file; no honest definition comes near the limit."
        case .notUTF8: "Save the file as UTF-8."
        case .controlCharacter: "Remove the character; only tabs and line ends may be invisible."
        case .hiddenCharacter: "Remove it: what a reviewer cannot see must not change what the file means."
        case .yamlSyntax: "Check the indentation and the quotes here and on the line above."
        case .yamlAlias, .yamlAnchor: "Write the value out where it is needed; every place then says what it means."
        case .yamlTag: "Remove the tag; the format knows the type of every value."
        case .yamlDirective: "Remove the `%` line."
        case .severalDocuments: "Put each document into a file of its own."
        case .emptyFile: "Write at least the required keys; `skald export schema` lists them."
        case .keyNotScalar: "Write keys as plain words."
        case .duplicateKey: "Keep one of the two."
        case .tooDeep: "Flatten the values."
        case .tooManyNodes, .scalarTooLong: "Make it shorter; no honest definition comes near the limit."
        default: remedyOfShape
        }
    }

    private var remedyOfShape: String {
        switch self {
        case .unknownKey: "Remove the key, or begin it with `x-` to have it ignored."
        case .missingKey: "Add the key."
        case .exclusiveKeys: "Keep one of the two keys."
        case .wrongType: "Write the value in the form that the key takes."
        case .emptyValue: "Write a value, or remove the key."
        case .emptyList: "Write at least one entry, or remove the key."
        case .notAnInteger: "Write digits only, such as `3`."
        case .fractionRefused: "Write a whole number in a smaller unit: cents, milliseconds, hundredths."
        case .outOfRange: "Choose a number within the range."
        case .notADuration: "Write it like `PT15M`, `PT1.5S` or `P90D`, above zero and below ten years."
        case .unknownChoice: "Choose one of the words allowed here."
        case .badName: "Choose a name that follows the rule."
        case .reservedName: "Choose another name."
        case .duplicateItem: "Remove one of the two."
        case .badType: "Write a type like `id`, `money?`, `list<order.LineItem>` or `choice<a|b>`."
        case .badPath: "Write a path like `data.orderId`; text stands in single quotes."
        case .badCondition: "Write it like `data.total > 0 and not data.kind in ['gift', 'test']`."
        default: remedyOfNames
        }
    }

    private var remedyOfNames: String {
        switch self {
        case .unknownParticipant: "Add its file under `participants/`, or correct the name."
        case .unknownCommand, .unknownReply, .unknownEvent, .unknownAggregate, .unknownState:
            "Declare it in the participant's file, or correct the name."
        case .unknownType: "Declare it under `types` of a participant, or correct the name."
        case .unknownField: "Declare the field, or correct the name."
        case .unknownStep: "Name a step of the saga."
        case .unknownSaga: "Name a saga whose file was given too."
        case .unknownOutcome: "Name an outcome of the saga."
        case .ambiguousAggregate: "Write it with its participant, such as `kitchen.ticket`."
        case .duplicateStep: "Give each step an id of its own."
        case .duplicateParticipant: "Keep one file for each participant."
        case .duplicateSaga: "Keep one file for each name and version."
        case .missingField: "Fill the field, or make it optional with `?` where it is declared."
        case .typeMismatch: "Use a value of the right type."
        case .typeTooLarge: "Make the type smaller; a payload with so many fields does not fit a message."
        case .typeRecursive: "Write the nesting out to the depth that is needed."
        case .pathNotAllowed: "Use a path that has a value at this place."
        case .tooManySteps, .tooManyParticipants: "Split the saga."
        default: remedyOfParticipants
        }
    }

    private var remedyOfParticipants: String {
        switch self {
        case .queueUndeclared: "Add `queue:`, usually the participant's name and `.commands`."
        case .foreignEvent: "The type begins with the participant's name."
        case .replyUnused: "Name it under `ok` or `fail` of a command, or remove it."
        case .stateUnreachable: "Add what leads to it, or remove the state."
        case .transitionAmbiguous: "Let one transition start from each state."
        case .transitionWithoutAggregate: "Add `aggregate:`, or remove the transitions."
        case .nothingRemembered: "List the state under `pending`, or write the target out."
        default: remedyOfSteps
        }
    }

    private var remedyOfSteps: String {
        switch self {
        case .replyUnhandled: "Name it under `on` with what it means: `fail`, `retry`, `proceed`, or a `set`."
        case .unclearRetry: "Answer it with `fail`: the step is undone then, whatever became of it."
        case .dataUnset: "Set it earlier on every path, or make it optional with `?`."
        case .dataNeverSet: "Fill it in `start.set` or under `on`, or remove it."
        case .dataRace: "Let one branch set it, or use a field for each branch."
        case .undoNeedsReply:
            "The reply may never have come when the undo runs: use data that was known before, such as the key."
        case .undoMissing: "Add `undo`, or make the step a `check` if it has no effect."
        case .undoRefused: "Remove `undo`; only a compensatable step and the pivot have one."
        case .waitHasNoEffect: "Make the step a `check` before the pivot, or `retriable` after it."
        case .undoWithoutFence:
            "Declare `undoes` on the undoing command, or an undo that overtakes its do leaves the effect behind."
        case .startWithoutUndo: "Add `start.undo`, or what the event announced stays locked after a rollback."
        case .timeoutWithoutUndo: "Add `undo`: after a timeout nobody knows whether the step was done."
        case .timeoutMissing: "Add `timeout`; `never` waits without end, where the step has no effect."
        case .attemptsUnlimited: "Write a number; only an undo and a retriable step may go on for ever."
        case .checkHasEffect: "Make the step `compensatable` and give it an `undo`."
        case .retriableCanFail:
            "After the pivot there is no way back: answer it with `retry`, or move the step before it."
        case .pivotRepeated: "Keep one pivot; steps after it are `retriable`."
        case .pivotInGroup: "Move the pivot out of the group; branches cannot decide a saga at the same time."
        case .pivotMissing: "Mark the step that decides as `pivot`: no effect before it may be left without undo."
        case .stepOrder: "Before the pivot stand checks and compensatable steps, after it retriable ones."
        case .stepUnreachable: "Let at least one reply of the step before proceed, or remove the step."
        default: remedyOfEnds
        }
    }

    private var remedyOfEnds: String {
        switch self {
        case .deadlineTooShort: "Raise `deadline`, or lower the timeouts and attempts."
        case .outcomeMissing: "Add an outcome of that end without `when`."
        case .outcomeUnreachable: "Put the outcome without `when` last, and keep one of them."
        case .outcomeWithoutRequire: "Add `require`: what must be true of the states, such as `order == APPROVED`."
        case .versionReused: "Raise `version`: running instances hold the old content by its hash."
        case .stepRemoved: "Say under `compat` what became of it: `rename` or `removed`."
        case .commandNotSent: "Expect the command before it is answered."
        case .jsonSyntax: "Let a program write the file: `skald scenario --record` does."
        case .historyFormat: "Let a program write the file; one of a newer version needs a newer skald."
        default: preconditionFailure("the code `\(rawValue)` has no remedy")
        }
    }
}
