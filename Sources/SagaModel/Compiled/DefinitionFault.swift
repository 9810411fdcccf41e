/// One thing that keeps a definition from running.
package struct DefinitionFault: Sendable, Hashable, CustomStringConvertible {
    /// Stable names of faults, for programs.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case duplicateStep = "duplicate-step"
        case reservedStep = "reserved-step"
        case tooManySteps = "too-many-steps"
        case tooManyParticipants = "too-many-participants"
        case unclearRetry = "unclear-retry"
        case duplicateField = "duplicate-field"
        case unknownParticipant = "unknown-participant"
        case unknownCommand = "unknown-command"
        case unknownReply = "unknown-reply"
        case unknownEvent = "unknown-event"
        case unknownField = "unknown-field"
        case missingField = "missing-field"
        case typeMismatch = "type-mismatch"
        case pathNotAllowed = "path-not-allowed"
        case emptyFlow = "empty-flow"
        case missingOutcome = "missing-outcome"
        case unknownAggregate = "unknown-aggregate"
        case unknownState = "unknown-state"
        case badCondition = "bad-condition"
        case undoOfWait = "undo-of-wait"
    }

    package var code: Code
    /// Where it stands, outermost first, as the file spells it: `["steps", "create-ticket", "undo", "with", "orderId"]`.
    package var place: [String]
    /// What is wrong and what to do about it.
    package var message: String

    package init(_ code: Code, at place: [String], _ message: String) {
        self.code = code
        self.place = place
        self.message = message
    }

    package var description: String { "\(place.joined(separator: ".")): \(message) [\(code.rawValue)]" }
}

/// Everything that keeps a definition from running.
package struct DefinitionFaults: Error, Hashable, CustomStringConvertible {
    package var faults: [DefinitionFault]

    package init(faults: [DefinitionFault]) {
        self.faults = faults
    }

    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
