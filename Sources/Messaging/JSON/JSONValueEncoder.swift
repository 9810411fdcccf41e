/// The encoder of one value: a writer and how many containers were open when the value began.
struct JSONValueEncoder: Encoder {
    let writer: JSONWriter
    let level: Int

    var codingPath: [any CodingKey] { writer.steps.prefix(level).map(JSONPathKey.init) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let place = writer.container(isObject: true, level: level)
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(writer: writer, place: place))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONUnkeyedEncoding(writer: writer, place: writer.container(isObject: false, level: level))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension JSONValueEncoder: SingleValueEncodingContainer {
    func encodeNil() throws { writer.writeNull() }
    func encode(_ value: Bool) throws { writer.write(value) }
    func encode(_ value: String) throws { writer.write(value) }
    func encode(_ value: Double) throws { try writer.write(value) }
    func encode(_ value: Float) throws { try writer.write(value) }
    func encode(_ value: Int) throws { writer.write(integer: value) }
    func encode(_ value: Int8) throws { writer.write(integer: value) }
    func encode(_ value: Int16) throws { writer.write(integer: value) }
    func encode(_ value: Int32) throws { writer.write(integer: value) }
    func encode(_ value: Int64) throws { writer.write(integer: value) }
    func encode(_ value: UInt) throws { writer.write(integer: value) }
    func encode(_ value: UInt8) throws { writer.write(integer: value) }
    func encode(_ value: UInt16) throws { writer.write(integer: value) }
    func encode(_ value: UInt32) throws { writer.write(integer: value) }
    func encode(_ value: UInt64) throws { writer.write(integer: value) }
    func encode<Value: Encodable>(_ value: Value) throws { try writer.write(value) }
}
