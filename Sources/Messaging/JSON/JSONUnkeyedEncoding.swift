/// The elements of one array, written as they are given.
struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    let writer: JSONWriter
    let place: JSONWriter.Place

    var codingPath: [any CodingKey] { writer.steps.prefix(place.level).map(JSONPathKey.init) }
    var count: Int { writer.count(in: place) }

    func encodeNil() throws {
        try writer.element(in: place)
        writer.writeNull()
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        try writer.element(in: place)
        try writer.write(value)
    }

    private func encode(integer value: some FixedWidthInteger) throws {
        try writer.element(in: place)
        writer.write(integer: value)
    }

    func encode(_ value: Bool) throws {
        try writer.element(in: place)
        writer.write(value)
    }

    func encode(_ value: String) throws {
        try writer.element(in: place)
        writer.write(value)
    }

    func encode(_ value: Double) throws {
        try writer.element(in: place)
        try writer.write(value)
    }

    func encode(_ value: Float) throws {
        try writer.element(in: place)
        try writer.write(value)
    }

    func encode(_ value: Int) throws { try encode(integer: value) }
    func encode(_ value: Int8) throws { try encode(integer: value) }
    func encode(_ value: Int16) throws { try encode(integer: value) }
    func encode(_ value: Int32) throws { try encode(integer: value) }
    func encode(_ value: Int64) throws { try encode(integer: value) }
    func encode(_ value: UInt) throws { try encode(integer: value) }
    func encode(_ value: UInt8) throws { try encode(integer: value) }
    func encode(_ value: UInt16) throws { try encode(integer: value) }
    func encode(_ value: UInt32) throws { try encode(integer: value) }
    func encode(_ value: UInt64) throws { try encode(integer: value) }

    private func begin() -> JSONValueEncoder {
        do {
            try writer.element(in: place)
        } catch {
            writer.fail(error.code, error.message)
        }
        return JSONValueEncoder(writer: writer, level: writer.depth)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        begin().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { begin().unkeyedContainer() }

    func superEncoder() -> any Encoder { begin() }
}
