/// Writes objects of texts and numbers field by field, one object behind the other, for what is written too often to go
/// through an `Encoder`.
package struct FlatJSONWriter: ~Copyable {
    private var output: JSONOutput
    private var isFirstField = true

    /// - Parameter byteCapacity: room for all of it, if it is known; more costs a copy.
    package init(byteCapacity: Int = JSONOutput.ordinaryCapacity) {
        output = JSONOutput(capacity: max(byteCapacity, 1))
    }

    /// How much is written.
    package var byteCount: Int { output.count }

    package mutating func beginObject() {
        output.append(UInt8(ascii: "{"))
        isFirstField = true
    }

    package mutating func endObject() { output.append(UInt8(ascii: "}")) }

    /// Adds a field; one without a value is left out.
    package mutating func add(_ name: StaticString, _ text: String?) {
        guard let text else { return }
        begin(name)
        output.appendQuoted(text)
    }

    /// Adds a field; one without a value is left out.
    package mutating func add(_ name: StaticString, _ number: Int64?) {
        guard let number else { return }
        begin(name)
        output.append(number)
    }

    /// Adds a field; one without a value is left out.
    package mutating func add(_ name: StaticString, _ identifier: UUIDv7?) {
        guard let identifier else { return }
        begin(name)
        output.append(UInt8(ascii: "\""))
        identifier.withUTF8 { output.append($0) }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func begin(_ name: StaticString) {
        if !isFirstField { output.append(UInt8(ascii: ",")) }
        isFirstField = false
        output.append(UInt8(ascii: "\""))
        output.append(name)
        output.append("\":")
    }

    /// All objects.
    package consuming func bytes() -> [UInt8] { output.bytes }
}
