import SagaModel

/// The named record types of all participants, each looked up once.
struct TypeTable {
    /// A named type where it was written.
    struct Entry {
        let participant: String
        let fields: [FieldDraft]
    }

    private enum State {
        case unresolved
        case resolving
        case resolved(RecordType?)
    }

    private var entries: [String: Entry]
    private var states: [String: State] = [:]

    /// - Parameter entries: By full name, such as `order.LineItem`.
    init(_ entries: [String: Entry]) {
        self.entries = entries
    }

    mutating func add(_ name: String, _ entry: Entry) {
        entries[name] = entry
    }

    /// Returns the type, or nil after the fault has been put into the report.
    ///
    /// - Parameter participant: Whose own types need no prefix; nil in a saga.
    mutating func resolve(_ draft: TypeDraft, within participant: String?, _ report: inout Report) -> DataType? {
        switch draft {
        case .named(let name): return resolve(name, within: participant, &report)
        case .choice(let names): return .choice(names.map(\.value))
        case .list(let element): return resolve(element, within: participant, &report).map { .list($0) }
        case .record(let fields):
            return resolve(fields, within: participant, &report).map { .record(RecordType(fields: $0)) }
        case .optional(let wrapped):
            guard let type = resolve(wrapped, within: participant, &report) else { return nil }
            return .optional(type)
        }
    }

    /// Returns the fields whose types are known; faults are in the report.
    mutating func resolve(
        _ fields: [FieldDraft], within participant: String?, _ report: inout Report
    ) -> [Field]? {
        let resolved = fields.compactMap { field in
            resolve(field.value, within: participant, &report).map { Field(field.name.value, $0) }
        }
        return resolved.count == fields.count ? resolved : nil
    }

    private mutating func resolve(
        _ name: Located<String>, within participant: String?, _ report: inout Report
    ) -> DataType? {
        if let scalar = Self.scalars[name.value] { return scalar }
        let isLocal = !name.value.contains(".")
        guard let full = isLocal ? participant.map({ "\($0).\(name.value)" }) : name.value, let entry = entries[full]
        else {
            let local = participant.map { owner in
                entries.keys.filter { $0.hasPrefix(owner + ".") }.map { String($0.dropFirst(owner.count + 1)) }
            }
            let known = Self.scalars.keys + ["list<…>", "choice<…>"] + entries.keys + (local ?? [])
            report.addUnknown(.unknownType, name, what: "type", known: known)
            return nil
        }
        switch states[full, default: .unresolved] {
        case .resolved(let type): return type.map { .record($0) }
        case .resolving: return nil
        case .unresolved:
            states[full] = .resolving
            // Faults of a type are told where the type stands, once, by whoever resolves that file.
            var elsewhere = Report(file: report.file)
            let fields = resolve(entry.fields, within: entry.participant, &elsewhere)
            let type = fields.map { RecordType(name: full, fields: $0) }
            states[full] = .resolved(type)
            return type.map { .record($0) }
        }
    }

    /// Tells whether a type holds itself, by whatever detour.
    func isRecursive(_ full: String) -> Bool {
        var seen: Set<String> = []
        var open = [full]
        while let name = open.popLast() {
            guard let entry = entries[name] else { continue }
            for reference in entry.fields.flatMap({ Self.names(in: $0.value) }) {
                let next = reference.contains(".") ? reference : "\(entry.participant).\(reference)"
                if next == full { return true }
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        return false
    }

    private static func names(in draft: TypeDraft) -> [String] {
        switch draft {
        case .named(let name): [name.value]
        case .choice: []
        case .list(let inner), .optional(let inner): names(in: inner)
        case .record(let fields): fields.flatMap { names(in: $0.value) }
        }
    }

    private static let scalars: [String: DataType] = [
        "id": .id, "string": .string, "integer": .integer, "boolean": .boolean, "money": .money, "time": .time,
    ]
}
