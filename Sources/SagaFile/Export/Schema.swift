/// What a format accepts, as data: the JSON Schema for editors and the table of keys are written from it.
package indirect enum Schema: Sendable {
    /// Text that follows a rule; `pattern` is a regular expression in the JSON Schema dialect.
    case text(pattern: String?)
    case choice([String])
    case integer(ClosedRange<Int>)
    case list(Schema, countMin: Int)
    /// A mapping whose keys the author chooses.
    case map(keyPattern: String, Schema, countMin: Int)
    case record(RecordSchema)
    /// Either form is accepted.
    case either([Schema])
    /// A part that holds itself, under a name of its own.
    case recursive(String, @Sendable () -> Schema)
    /// Any value.
    case anything
}

/// A mapping with fixed keys. It has a name, so that it can refer to itself.
package struct RecordSchema: Sendable {
    package let name: String
    package let about: String
    /// A closure, as a step holds groups that hold steps.
    package let keys: @Sendable () -> [KeySchema]
}

/// One key of a record.
package struct KeySchema: Sendable {
    package let name: String
    package let about: String
    package let isRequired: Bool
    package let value: Schema
}
