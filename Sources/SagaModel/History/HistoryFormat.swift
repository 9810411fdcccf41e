extension History {
    /// What the first member of a history file says.
    package static let format = "skald-history/1"

    /// The history in the form of its file.
    package var value: Value {
        [
            "format": .string(Self.format), "definition": .string(definition), "version": .integer(Int64(version)),
            "hash": .string(hash),
            "entries": .list(entries.map { ["input": $0.input.value, "actions": .list($0.actions.map(\.value))] }),
        ]
    }

    /// The file's text, which ends with a line feed.
    package var text: String { CanonicalJSON.text(of: value) + "\n" }

    /// Takes a history from the form of its file.
    package init(_ value: Value) throws(FormatError) {
        let reader = ValueReader(value)
        _ = try reader.record(with: ["format", "definition", "version", "hash", "entries"])
        let format = try reader.member("format")
        guard try format.text() == Self.format else {
            throw format.error("is not \(Self.format), the only form this version reads")
        }
        definition = try reader.member("definition").text()
        version = try reader.member("version").count()
        hash = try reader.member("hash").text()
        entries = []
        for entry in try reader.member("entries").elements() { entries.append(try Entry(entry)) }
    }
}

extension History.Entry {
    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["input", "actions"])
        input = try Input(try reader.member("input"))
        actions = []
        for action in try reader.member("actions").elements() { actions.append(try Action(action)) }
    }
}

extension Turn {
    var value: Value {
        ["step": .string(step), "direction": .string(direction.rawValue), "try": .integer(Int64(attempt))]
    }

    init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["step", "direction", "try"])
        step = try reader.member("step").text()
        direction = try reader.member("direction").choice()
        attempt = try reader.member("try").count()
    }
}
