/// One step from a container into what it holds.
enum JSONPathStep: Equatable {
    case field(String)
    case element(Int)
}

/// Paths as people write them: `$.lines[3].quantity`, and `$["odd name"]` where a name is no word.
enum JSONPath {
    static func text(_ steps: some Sequence<JSONPathStep>) -> String {
        var text = "$"
        for step in steps {
            switch step {
            case .element(let index): text += "[\(index)]"
            case .field(let name) where isWord(name): text += ".\(name)"
            case .field(let name): text += "[\"\(shown(name))\"]"
            }
        }
        return text
    }

    static func text(_ codingPath: [any CodingKey]) -> String {
        text(codingPath.map { key in key.intValue.map(JSONPathStep.element) ?? .field(key.stringValue) })
    }

    private static func isWord(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: "-")
            }
    }

    /// A name from outside, short and without anything a terminal would obey.
    private static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(64).map {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0
        }
        return String(String.UnicodeScalarView(scalars)) + (name.unicodeScalars.count > 64 ? "…" : "")
    }
}

/// A place in a container, for the `codingPath` that types with their own decoding may ask for.
struct JSONPathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ step: JSONPathStep) {
        switch step {
        case .field(let name): (stringValue, intValue) = (name, nil)
        case .element(let index): (stringValue, intValue) = (String(index), index)
        }
    }

    init?(stringValue: String) { self.init(.field(stringValue)) }
    init?(intValue: Int) { self.init(.element(intValue)) }
}
