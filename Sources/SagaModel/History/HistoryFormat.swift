extension History {
    /// What the first member of a history file says.
    package static let format = "skald-history/1"

    /// The text of the history's file, which ends with a line feed.
    package var text: String {
        CanonicalJSON.text { json in
            json.record { json in
                json.member("definition", definition)
                json.name("entries")
                json.list { json in for entry in entries { entry.write(to: &json) } }
                json.member("format", Self.format)
                json.member("hash", hash)
                json.member("version", Int64(version))
            }
        } + "\n"
    }

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
    fileprivate func write(to json: inout CanonicalJSONWriter) {
        json.record { json in
            json.name("actions")
            Action.write(actions, to: &json)
            json.name("input")
            input.write(to: &json)
        }
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["input", "actions"])
        input = try Input(try reader.member("input"))
        actions = []
        for action in try reader.member("actions").elements() { actions.append(try Action(action)) }
    }
}

extension Turn {
    func write(to json: inout CanonicalJSONWriter) {
        json.record { json in
            json.member("direction", direction.rawValue)
            json.member("step", step)
            json.member("try", Int64(attempt))
        }
    }

    init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["step", "direction", "try"])
        step = try reader.member("step").text()
        direction = try reader.member("direction").choice()
        attempt = try reader.member("try").count()
    }
}
