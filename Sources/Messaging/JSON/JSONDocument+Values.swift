extension JSONDocument {
    func decode<Value: Decodable>(_ type: Value.Type, at index: Int) throws -> Value {
        // Identifiers stand in every message; reading them from the bytes saves a container and a string each.
        if type == UUIDv7.self { return unsafeBitCast(try identifier(at: index), to: type) }
        return try Value(from: JSONValueDecoder(document: self, index: index))
    }

    func string(at index: Int) throws(JSONError) -> String {
        guard self[index].kind == .string else { throw wrongType("a string", at: index) }
        return text(at: index)
    }

    func boolean(at index: Int) throws(JSONError) -> Bool {
        switch self[index].kind {
        case .isTrue: return true
        case .isFalse: return false
        default: throw wrongType("true or false", at: index)
        }
    }

    func integer<Integer: FixedWidthInteger & SendableMetatype>(at index: Int) throws(JSONError) -> Integer {
        switch self[index].kind {
        case .integer:
            guard let value: Integer = withScalar(at: index, JSONNumber.integer) else {
                throw error(.numberOutOfRange, "the number does not fit into \(Integer.self)", at: index)
            }
            return value
        case .fraction: throw error(.notAnInteger, "an integer has neither fraction nor exponent", at: index)
        default: throw wrongType("an integer", at: index)
        }
    }

    func double(at index: Int) throws(JSONError) -> Double {
        guard self[index].kind == .integer || self[index].kind == .fraction else {
            throw wrongType("a number", at: index)
        }
        guard let value = withScalar(at: index, JSONNumber.double) else {
            throw error(.numberOutOfRange, "the number does not fit into Double", at: index)
        }
        return value
    }

    func float(at index: Int) throws(JSONError) -> Float {
        let value = Float(try double(at: index))
        guard value.isFinite else { throw error(.numberOutOfRange, "the number does not fit into Float", at: index) }
        return value
    }

    func isNull(at index: Int) -> Bool {
        self[index].kind == .null
    }

    func container(_ kind: JSONToken.Kind, at index: Int) throws(JSONError) -> Int {
        guard self[index].kind == kind else {
            throw wrongType(kind == .object ? "an object" : "an array", at: index)
        }
        return index
    }

    private func identifier(at index: Int) throws(JSONError) -> UUIDv7 {
        guard self[index].kind == .string else { throw wrongType("a string", at: index) }
        guard let identifier = withScalar(at: index, { UUIDv7(utf8: $0) }) else {
            throw error(.invalidValue, "the text is no UUID of version 7", at: index)
        }
        return identifier
    }
}

extension JSONDocument {
    func error(_ code: JSONError.Code, _ message: String, at index: Int, detail: String? = nil) -> JSONError {
        let token = self[index]
        let isQuoted = token.kind == .string || token.kind == .key
        return JSONError(
            code, message, path: path(to: index), byteOffset: Int(token.start) - (isQuoted ? 1 : 0), detail: detail)
    }

    func wrongType(_ wanted: String, at index: Int) -> JSONError {
        error(.wrongType, "expected \(wanted), found \(self[index].kind.shown)", at: index)
    }

    func missing(_ name: String, in object: Int) -> JSONError {
        let path = JSONPath.text(steps(to: object) + [.field(name)])
        return JSONError(.missingField, "a field is missing", path: path, byteOffset: Int(self[object].start))
    }

    /// Takes over what a type's own `init(from:)` threw, and finds its place in the text.
    func error(from thrown: any Error) -> JSONError {
        guard let thrown = thrown as? DecodingError else {
            return error(.invalidValue, "the value was refused", at: root, detail: String(describing: thrown))
        }
        switch thrown {
        case .keyNotFound(let key, let context):
            return missing(key.stringValue, in: index(of: context.codingPath))
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let place = index(of: context.codingPath)
            return error(.wrongType, "the value has another type", at: place, detail: context.debugDescription)
        case .dataCorrupted(let context):
            let place = index(of: context.codingPath)
            return error(.invalidValue, "the value is not allowed here", at: place, detail: context.debugDescription)
        @unknown default:
            return error(.invalidValue, "the value was refused", at: root, detail: String(describing: thrown))
        }
    }

    /// The token a coding path leads to, or the last one on the way that exists.
    private func index(of path: [any CodingKey]) -> Int {
        var place = root
        for key in path {
            switch self[place].kind {
            case .object:
                guard let child = find(key.stringValue, in: place) else { return place }
                place = child
            case .array:
                guard let wanted = key.intValue, wanted >= 0, wanted < Int(self[place].length) else { return place }
                place = (0..<wanted).reduce(place + 1) { child, _ in Int(self[child].next) }
            default: return place
            }
        }
        return place
    }
}

extension JSONToken.Kind {
    /// The kind as an error names it.
    var shown: String {
        switch self {
        case .null: "null"
        case .isTrue, .isFalse: "a boolean"
        case .integer, .fraction: "a number"
        case .string, .key: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
