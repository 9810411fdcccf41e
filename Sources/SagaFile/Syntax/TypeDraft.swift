import SagaModel

/// A type as a file spells it, before its names are looked up.
package indirect enum TypeDraft: Sendable {
    case named(Located<String>)
    case choice([Located<String>])
    case list(TypeDraft)
    case optional(TypeDraft)
    case record([FieldDraft])
}

/// A field of a record and its type.
package typealias FieldDraft = Named<TypeDraft>

extension Format where Value == TypeDraft {
    /// A type: a word such as `list<order.LineItem>?`, or a mapping of fields for a record of its own.
    static var type: Format {
        .either(
            record, when: { if case .mapping = $0.content { true } else { false } },
            otherwise: .word(.text(pattern: nil), expected: "a type") { word, report in
                var parser = TypeParser(word)
                switch parser.parse() {
                case .success(let type): return type
                case .failure(let fault):
                    report.add(.badType, at: fault.mark, fault.message)
                    return nil
                }
            })
    }

    private static var record: Format {
        Format<[FieldDraft]>.later("fields") { .fields }.map { .record($0) }
    }
}

extension Format where Value == [FieldDraft] {
    /// The fields of a record and their types.
    static var fields: Format { .map(.field, to: .type) }
}

/// Reads the spelling of a type.
private struct TypeParser {
    struct Fault: Error {
        let mark: Mark
        let message: String
    }

    private var scanner: WordScanner

    init(_ word: Located<String>) {
        scanner = WordScanner(word)
    }

    mutating func parse() -> Result<TypeDraft, Fault> {
        do throws(Fault) {
            let type = try type(depth: 0)
            guard scanner.isAtEnd else { throw fault("nothing may follow the type") }
            return .success(type)
        } catch {
            return .failure(error)
        }
    }

    private mutating func type(depth: Int) throws(Fault) -> TypeDraft {
        guard depth < 8 else { throw fault("types are nested more than 8 deep") }
        let name = scanner.takeName()
        var type: TypeDraft
        switch name.value {
        case "": throw fault("a type name is expected")
        case "list":
            try expect("<")
            type = .list(try self.type(depth: depth + 1))
            try expect(">")
        case "choice":
            try expect("<")
            type = .choice(try choices())
            try expect(">")
        default: type = .named(name)
        }
        if scanner.take("?") { type = .optional(type) }
        return type
    }

    private mutating func choices() throws(Fault) -> [Located<String>] {
        var names: [Located<String>] = []
        repeat {
            let name = scanner.takeName()
            if name.value.isEmpty { throw fault("a word is expected in the choice") }
            if names.contains(where: { $0.value == name.value }) { throw fault("`\(name.value)` stands here twice") }
            names.append(name)
        } while scanner.take("|")
        return names
    }

    private mutating func expect(_ character: Character) throws(Fault) {
        if !scanner.take(character) { throw fault("`\(character)` is expected") }
    }

    private func fault(_ message: String) -> Fault { Fault(mark: scanner.mark, message: message) }
}
