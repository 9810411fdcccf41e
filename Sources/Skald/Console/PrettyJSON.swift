import SagaModel

/// JSON that people read: indented, keys sorted, one member a line.
enum PrettyJSON {
    static func text(of value: Value) -> String { text(of: value, indent: "") + "\n" }

    private static func text(of value: Value, indent: String) -> String {
        let deeper = indent + "  "
        switch value {
        case .null, .boolean, .integer, .string: return CanonicalJSON.text(of: value)
        case .list(let items):
            if items.isEmpty { return "[]" }
            let lines = items.map { deeper + text(of: $0, indent: deeper) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + indent + "]"
        case .record(let record):
            if record.members.isEmpty { return "{}" }
            let lines = record.members.map { member in
                deeper + CanonicalJSON.text(of: .string(member.name)) + ": " + text(of: member.value, indent: deeper)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
        }
    }
}
