import Messaging

/// A change of a letter's body before it is sent again.
struct LetterEdit: Sendable {
    private let path: [String]
    private let value: JSONValue

    /// - Parameter text: `path=value`, the path with dots, the value as JSON or as a plain text.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw Failure(.usage, "`--set` is path=value, such as lines.0.quantity=2, not `\(text)`")
        }
        path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        value = (try? JSON.decode(JSONValue.self, from: Array(parts[1].utf8))) ?? .string(String(parts[1]))
    }

    func apply(to letter: DeadLetter) throws -> DeadLetter {
        let body = try JSON.decode(JSONValue.self, from: letter.message.body)
        guard let changed = Self.set(path[...], of: body, to: value) else {
            throw Failure(
                .failed, "the body of \(letter.id) has no \(path.joined(separator: "."))",
                remedy: "`skald dlq show` prints the body.")
        }
        var message = letter.message
        message.body = try JSON.encode(changed)
        return DeadLetter(message, from: letter.queue)
    }

    /// Sets a member; the last step of a path may be new in an object, the others must be there.
    private static func set(_ path: ArraySlice<String>, of value: JSONValue, to new: JSONValue) -> JSONValue? {
        guard let step = path.first else { return new }
        switch value {
        case .object(var fields):
            guard let index = fields.firstIndex(where: { $0.name == step }) else {
                return path.count == 1 ? .object(fields + [.init(step, new)]) : nil
            }
            guard let changed = set(path.dropFirst(), of: fields[index].value, to: new) else { return nil }
            fields[index].value = changed
            return .object(fields)
        case .array(var elements):
            guard let index = Int(step), elements.indices.contains(index),
                let changed = set(path.dropFirst(), of: elements[index], to: new)
            else { return nil }
            elements[index] = changed
            return .array(elements)
        case .null, .boolean, .integer, .unsigned, .number, .string: return nil
        }
    }
}
