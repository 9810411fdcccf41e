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
    /// The resolutions inside each other at this moment.
    private var depth = 0
    private var tooLarge: Set<String> = []

    /// Types inside types, beyond which a file means harm: each level could double the size.
    private static let depthMax = 16
    /// Fields of a type, those of its parts included.
    private static let fieldCountMax = 500

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

    /// Returns the fields, sorted by name as records are; nil after the faults have been put into the report.
    mutating func resolve(
        _ fields: [FieldDraft], within participant: String?, _ report: inout Report
    ) -> [Field]? {
        let resolved = fields.compactMap { field in
            resolve(field.value, within: participant, &report).map { Field(field.name.value, $0) }
        }
        return resolved.count == fields.count ? resolved.sorted { $0.name < $1.name } : nil
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
            depth += 1
            defer { depth -= 1 }
            // Faults of a type are told where the type stands, once, by whoever resolves that file.
            var elsewhere = Report(file: report.file)
            let fields = depth > Self.depthMax ? nil : resolve(entry.fields, within: entry.participant, &elsewhere)
            let type = fields.map { RecordType(name: full, fields: $0) }
            if depth > Self.depthMax || DataType.fieldCount(of: fields ?? []) > Self.fieldCountMax {
                tooLarge.insert(full)
                states[full] = .resolved(nil)
                return nil
            }
            states[full] = .resolved(type)
            return type.map { .record($0) }
        }
    }

    /// Tells whether a type holds itself, by whatever detour; a detour past the deepest level makes it too large anyway.
    func isRecursive(_ full: String) -> Bool {
        var seen: Set<String> = []
        var level = [full]
        for _ in 0...Self.depthMax {
            var next: [String] = []
            for entry in level.compactMap({ entries[$0] }) {
                for reference in entry.fields.flatMap({ Self.names(in: $0.value) }) {
                    let name = reference.contains(".") ? reference : "\(entry.participant).\(reference)"
                    if name == full { return true }
                    if seen.insert(name).inserted { next.append(name) }
                }
            }
            level = next
        }
        return false
    }

    /// Tells whether a type has more fields or levels than any payload; only after it was resolved.
    func isTooLarge(_ full: String) -> Bool { tooLarge.contains(full) }

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

extension DataType {
    /// How many fields a record of them would have, those of their parts included.
    static func fieldCount(of fields: [Field]) -> Int {
        fields.reduce(fields.count) { count, field in
            var type = field.type
            while true {
                switch type {
                case .list(let inner), .optional(let inner): type = inner
                case .record(let record): return count + fieldCount(of: record.fields)
                case .id, .string, .integer, .boolean, .money, .time, .choice: return count
                }
            }
        }
    }
}
