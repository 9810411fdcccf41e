/// Why bytes are no acceptable JSON, or a value cannot be written as JSON.
public struct JSONError: Error, Sendable, Hashable {
    /// What kind of fault it is; stable, fit for counting and for headers.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case empty, tooLarge, tooDeep
        case syntax, unexpectedEnd, trailingBytes
        case invalidUTF8, controlCharacter, invalidEscape, loneSurrogate
        case duplicateKey, unknownField
        case missingField, wrongType, numberOutOfRange, notAnInteger, invalidValue
        case notFinite, interleavedContainers, nothingEncoded
    }

    public let code: Code
    /// Where in the value, such as `$.lines[3].quantity`.
    public let path: String
    /// Where in the text, counted in bytes from its start; nil where there is no text, as when writing.
    public let byteOffset: Int?
    /// What is wrong, without any of the value's content.
    public let message: String
    /// What a type's own decoding said; it may quote the content.
    let detail: String?

    init(_ code: Code, _ message: String, path: String, byteOffset: Int? = nil, detail: String? = nil) {
        self.code = code
        self.path = path
        self.byteOffset = byteOffset
        self.message = message
        self.detail = detail
    }
}

extension JSONError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to log: it names fields, never content.
    public var description: String {
        let place = byteOffset.map { " (byte \($0))" } ?? ""
        return "\(message) at \(path)\(place)"
    }

    public var debugDescription: String {
        detail.map { "\(description): \($0)" } ?? description
    }
}

extension JSONError {
    /// Takes over what a type's own `encode(to:)` threw.
    init(encoding error: any Error) {
        guard let error = error as? EncodingError, case .invalidValue(_, let context) = error else {
            self.init(.invalidValue, "the value refused to be written", path: "$", detail: String(describing: error))
            return
        }
        self.init(
            .invalidValue, "the value cannot be written", path: JSONPath.text(context.codingPath),
            detail: context.debugDescription)
    }
}
