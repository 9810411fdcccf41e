/// The fields of one object, written as they are given.
struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: JSONWriter
    let place: JSONWriter.Place

    var codingPath: [any CodingKey] { writer.steps.prefix(place.level).map(JSONPathKey.init) }

    func encodeNil(forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        writer.writeNull()
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        try writer.write(value)
    }

    private func encode(integer value: some FixedWidthInteger, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        writer.write(integer: value)
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        writer.write(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        writer.write(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        try writer.write(value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        try writer.field(key.stringValue, in: place)
        try writer.write(value)
    }

    func encode(_ value: Int, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: Int8, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: Int16, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: Int32, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: Int64, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: UInt, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try encode(integer: value, forKey: key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try encode(integer: value, forKey: key) }
}

extension JSONKeyedEncoding {
    /// Makes ready for a value of its own encoding; a fault shows up with the next call that can throw.
    private func begin(_ name: String) -> JSONValueEncoder {
        do {
            try writer.field(name, in: place)
        } catch {
            writer.fail(error.code, error.message)
        }
        return JSONValueEncoder(writer: writer, level: writer.depth)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        begin(key.stringValue).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        begin(key.stringValue).unkeyedContainer()
    }

    /// The parts of a superclass go into the field `super`.
    func superEncoder() -> any Encoder { begin("super") }

    func superEncoder(forKey key: Key) -> any Encoder { begin(key.stringValue) }
}
