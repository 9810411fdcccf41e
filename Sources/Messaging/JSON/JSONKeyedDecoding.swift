/// The fields of one object.
struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let document: JSONDocument
    let object: Int

    var codingPath: [any CodingKey] { document.steps(to: object).map(JSONPathKey.init) }

    /// Asking for all keys means reading whatever is there, as dictionaries do.
    var allKeys: [Key] {
        var keys: [Key] = []
        keys.reserveCapacity(Int(document[object].length))
        document.forEachKey(of: object) { index in
            if let key = Key(stringValue: document.text(at: index)) { keys.append(key) }
        }
        document.useAll(of: object)
        return keys
    }

    func contains(_ key: Key) -> Bool { document.find(key.stringValue, in: object) != nil }

    private func require(_ key: Key) throws(JSONError) -> Int {
        guard let index = document.find(key.stringValue, in: object) else {
            throw document.missing(key.stringValue, in: object)
        }
        return index
    }

    /// The value of a field, or nil if it is absent or null.
    private func optional(_ key: Key) -> Int? {
        guard let index = document.find(key.stringValue, in: object), !document.isNull(at: index) else { return nil }
        return index
    }

    func decodeNil(forKey key: Key) throws -> Bool { document.isNull(at: try require(key)) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try document.decode(type, at: try require(key))
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let index = optional(key) else { return nil }
        return try document.decode(type, at: index)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try JSONValueDecoder(document: document, index: try require(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try JSONValueDecoder(document: document, index: try require(key)).unkeyedContainer()
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        JSONValueDecoder(document: document, index: try require(key))
    }

    /// The parts of a superclass stand in the field `super`.
    func superDecoder() throws -> any Decoder {
        guard let index = document.find("super", in: object) else { throw document.missing("super", in: object) }
        return JSONValueDecoder(document: document, index: index)
    }
}

extension JSONKeyedDecoding {
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try document.boolean(at: require(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try document.string(at: require(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try document.double(at: require(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try document.float(at: require(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try document.integer(at: require(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try document.integer(at: require(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try document.integer(at: require(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try document.integer(at: require(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try document.integer(at: require(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try document.integer(at: require(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try document.integer(at: require(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try document.integer(at: require(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try document.integer(at: require(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try document.integer(at: require(key)) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try optional(key).map { try document.boolean(at: $0) }
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try optional(key).map { try document.string(at: $0) }
    }

    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try optional(key).map { try document.double(at: $0) }
    }

    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try optional(key).map { try document.integer(at: $0) }
    }

    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try optional(key).map { try document.integer(at: $0) }
    }
}
