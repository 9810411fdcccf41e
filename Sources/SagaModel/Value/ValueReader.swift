/// Why a value does not have the form that was asked for, and where.
package struct FormatError: Error, Hashable, CustomStringConvertible {
    /// The dotted place in the document, empty for the document itself.
    package var place: String
    package var message: String

    package init(place: String, message: String) {
        self.place = place
        self.message = message
    }

    package var description: String { place.isEmpty ? message : "\(place): \(message)" }
}

/// Takes a value apart strictly: every member must be asked for, nothing else may be there.
struct ValueReader {
    let value: Value
    let place: String

    init(_ value: Value, at place: String = "") {
        self.value = value
        self.place = place
    }

    func error(_ message: String) -> FormatError {
        FormatError(place: place, message: message)
    }

    func record() throws(FormatError) -> Record {
        guard case .record(let record) = value else { throw error("must be a record") }
        return record
    }

    /// The record, which must have no members beyond these.
    func record(with names: [String]) throws(FormatError) -> Record {
        let record = try record()
        for member in record.members where !names.contains(member.name) {
            throw FormatError(place: child(member.name), message: "is unknown here")
        }
        return record
    }

    func member(_ name: String) throws(FormatError) -> ValueReader {
        guard let value = try record()[name] else {
            throw FormatError(place: child(name), message: "is missing")
        }
        return ValueReader(value, at: child(name))
    }

    func optionalMember(_ name: String) throws(FormatError) -> ValueReader? {
        try record()[name].map { ValueReader($0, at: child(name)) }
    }

    func elements() throws(FormatError) -> [ValueReader] {
        guard case .list(let values) = value else { throw error("must be a list") }
        return values.enumerated().map { ValueReader($1, at: child(String($0))) }
    }

    func text() throws(FormatError) -> String {
        guard case .string(let text) = value else { throw error("must be a string") }
        return text
    }

    func integer() throws(FormatError) -> Int64 {
        guard case .integer(let number) = value else { throw error("must be an integer") }
        return number
    }

    func boolean() throws(FormatError) -> Bool {
        guard case .boolean(let value) = value else { throw error("must be true or false") }
        return value
    }

    /// An integer from 0 to the largest of the type.
    func count<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(FormatError) -> Number {
        guard let number = Number(exactly: try integer()), number >= 0 else {
            throw error("must be from 0 to \(Number.max)")
        }
        return number
    }

    func identifier() throws(FormatError) -> Identifier {
        guard let identifier = Identifier(try text()) else { throw error("must be a UUID in lower case") }
        return identifier
    }

    /// One of the raw values of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) throws(FormatError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try text()) else {
            throw error("must be one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    private func child(_ name: String) -> String {
        place.isEmpty ? name : place + "." + name
    }
}
