import SagaFile
import SagaModel
import Testing

/// Judges a value by a JSON Schema, as far as the schemas written here go.
struct SchemaJudge {
    let root: Value

    /// Returns the places where the value breaks the schema.
    func objections(to value: Value, _ schema: Value, at place: String = "$") throws -> [String] {
        guard case .record(let rules) = schema else { return [] }
        if case .string(let reference)? = rules["$ref"] {
            return try objections(to: value, try resolve(reference), at: place)
        }
        if case .list(let forms)? = rules["anyOf"] {
            let all = try forms.map { try objections(to: value, $0, at: place) }
            return all.contains { $0.isEmpty } ? [] : ["\(place): fits no form"]
        }
        if case .list(let words)? = rules["enum"] { return words.contains(value) ? [] : ["\(place): no choice"] }
        var found: [String] = []
        if case .string(let type)? = rules["type"], type != Self.type(of: value) { return ["\(place): no \(type)"] }
        switch value {
        case .string(let text):
            if case .string(let pattern)? = rules["pattern"], try Regex(pattern).firstMatch(in: text) == nil {
                found.append("\(place): breaks \(pattern)")
            }
        case .integer(let number):
            if case .integer(let minimum)? = rules["minimum"], number < minimum { found.append("\(place): too small") }
            if case .integer(let maximum)? = rules["maximum"], number > maximum { found.append("\(place): too large") }
        case .list(let items):
            if case .integer(let count)? = rules["minItems"], items.count < count { found.append("\(place): too few") }
            if let rule = rules["items"] {
                for (index, item) in items.enumerated() {
                    found += try objections(to: item, rule, at: "\(place)[\(index)]")
                }
            }
        case .record(let record): found += try objections(to: record, rules, at: place)
        case .null, .boolean: break
        }
        return found
    }

    private func objections(to record: Record, _ rules: Record, at place: String) throws -> [String] {
        var found: [String] = []
        if case .list(let names)? = rules["required"] {
            for case .string(let name) in names where record[name] == nil { found.append("\(place): lacks \(name)") }
        }
        if case .integer(let count)? = rules["minProperties"], record.members.count < count {
            found.append("\(place): too few")
        }
        let properties: Record = if case .record(let record)? = rules["properties"] { record } else { Record() }
        let patterns: Record = if case .record(let record)? = rules["patternProperties"] { record } else { Record() }
        for member in record.members {
            var schemas = [properties[member.name]].compactMap { $0 }
            for pattern in patterns.members where try Regex(pattern.name).firstMatch(in: member.name) != nil {
                schemas.append(pattern.value)
            }
            if schemas.isEmpty, rules["additionalProperties"] == .boolean(false) {
                found.append("\(place).\(member.name): not allowed")
            }
            for schema in schemas { found += try objections(to: member.value, schema, at: "\(place).\(member.name)") }
        }
        return found
    }

    func resolve(_ reference: String) throws -> Value {
        var value = root
        for part in reference.split(separator: "/").dropFirst() {
            guard case .record(let record) = value, let next = record[String(part)] else {
                throw DanglingReference(reference: reference)
            }
            value = next
        }
        return value
    }

    struct DanglingReference: Error {
        let reference: String
    }

    private static func type(of value: Value) -> String {
        switch value {
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .string: "string"
        case .list: "array"
        case .record: "object"
        }
    }
}

extension Node {
    /// What a JSON Schema validator of an editor sees: words that are whole numbers are numbers there.
    fileprivate var plainValue: Value {
        switch content {
        case .scalar(let text, let isQuoted):
            if !isQuoted, let number = WholeNumber.parse(text) { return .integer(number) }
            return .string(text)
        case .list(let items): return .list(items.map(\.plainValue))
        case .mapping(let entries):
            return .record(Record(entries.map { Record.Member(name: $0.key.value, value: $0.value.plainValue) }))
        }
    }
}

@Suite struct SchemaTests {
    private func objections(_ kind: JSONSchema.Kind, _ text: String) throws -> [String] {
        let schema = JSONSchema.value(of: kind)
        let root = try YAMLReader.root(of: Array(text.utf8), file: "x")
        return try SchemaJudge(root: schema).objections(to: root.plainValue, schema)
    }

    @Test func soundFilesFitTheirSchema() throws {
        for path in try #require(Folder.files(below: Repository.sagas, suffix: ".saga.yaml")) {
            let text = String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
            #expect(try objections(.saga, text) == [])
        }
        for path in try #require(Folder.files(below: Repository.sagas, suffix: ".participant.yaml")) {
            let text = String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
            #expect(try objections(.participant, text) == [])
        }
        #expect(try objections(.saga, try Base.text("base.saga.yaml")) == [])
    }

    /// What the parser calls a fault of the shape, an editor marks too.
    @Test func theSchemaKnowsWhatTheParserKnows() throws {
        let shapes: Set = [
            "unknown-key", "missing-key", "unknown-choice", "empty-list", "out-of-range", "not-an-integer",
            "queue-undeclared", "outcome-without-require", "not-a-duration", "bad-name",
        ]
        // A pattern cannot say how long a name or a duration may be; whether `do` is needed depends on `await`.
        let beyondASchema = [
            "a name longer than a header may be", "a step that does nothing", "a retention of a century",
            "a duration of zero", "a duration of designators alone", "a number with a leading zero",
            "a number that fits no integer",
        ]
        for broken in try BrokenCases.all() where !beyondASchema.contains(broken.name) {
            let codes = Set(broken.expected.map { $0.split(separator: " ")[0] }.map(String.init))
            guard codes.isSubset(of: shapes) else { continue }
            let text = String(decoding: try BrokenCases.bytes(of: broken), as: UTF8.self)
            let kind: JSONSchema.Kind = broken.file.hasSuffix(".saga.yaml") ? .saga : .participant
            #expect(try !objections(kind, text).isEmpty, "\(broken.name)")
        }
    }

    @Test func everyKeyIsExplained() {
        for kind in JSONSchema.Kind.allCases {
            for record in JSONSchema.records(of: kind) {
                #expect(!record.about.isEmpty && !record.keys().isEmpty, "\(record.name)")
                for key in record.keys() { #expect(key.about.hasSuffix("."), "\(record.name).\(key.name)") }
            }
        }
    }

    @Test func recordsOfOneNameAreOneRecord() {
        for kind in JSONSchema.Kind.allCases {
            let names = JSONSchema.records(of: kind).map(\.name)
            #expect(Set(names).count == names.count)
        }
    }

    @Test func everyReferenceOfTheContractLeadsSomewhere() throws {
        let document = AsyncAPI(try SagaLibrary(folder: Repository.sagas).participants, version: "1").value
        let judge = SchemaJudge(root: document)
        var count = 0
        func visit(_ value: Value) throws {
            switch value {
            case .record(let record):
                if case .string(let reference)? = record["$ref"] {
                    _ = try judge.resolve(reference)
                    count += 1
                }
                for member in record.members { try visit(member.value) }
            case .list(let items): for item in items { try visit(item) }
            case .null, .boolean, .integer, .string: break
            }
        }
        try visit(document)
        #expect(count > 100)
    }

    @Test func yamlIsReadBackAsItWasMeant() throws {
        let value: Value = [
            "plain": "word", "no": "yes", "empty": "", "number": "5", "real": 5,
            "list": .list([1, ["a": .list([2])], .list([3, .list([4])]), .list([])]), "nothing": [:],
            "text": "two\nlines: \"quoted\" # no comment", "7": false, "deep": ["a": ["b": ["c": "d"]]],
        ]
        let text = YAMLWriter.text(of: value)
        let root = try YAMLReader.root(of: Array(text.utf8), file: "written")
        func back(_ node: Node) -> Value {
            switch node.content {
            case .scalar(let text, let isQuoted):
                if isQuoted { return .string(text) }
                if let number = WholeNumber.parse(text) { return .integer(number) }
                return text == "false" ? .boolean(false) : .string(text)
            case .list(let items): return .list(items.map(back))
            case .mapping(let entries):
                return .record(Record(entries.map { Record.Member(name: $0.key.value, value: back($0.value)) }))
            }
        }
        #expect(back(root) == value)
    }
}
