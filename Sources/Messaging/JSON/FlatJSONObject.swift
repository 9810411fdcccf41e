/// Writes an object of texts and numbers field by field, for what is written too often to go through an `Encoder`.
package struct FlatJSONObject: ~Copyable {
    private var output = JSONOutput(capacity: JSONOutput.ordinaryCapacity)

    package init() { output.append(UInt8(ascii: "{")) }

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

    private mutating func begin(_ name: StaticString) {
        if output.count > 1 { output.append(UInt8(ascii: ",")) }
        output.append(UInt8(ascii: "\""))
        output.append(name)
        output.append("\":")
    }

    /// The whole object.
    package consuming func text() -> String {
        output.append(UInt8(ascii: "}"))
        return output.text
    }
}
