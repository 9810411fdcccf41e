/// Turns `Codable` values into JSON bytes and back.
///
/// Written for messages: it works on bytes, costs a few microseconds for half a kilobyte, and takes no input on trust.
/// What it refuses, it refuses with the path and the byte where it stands; no input makes it trap. Source: RFC 8259, with
/// the stricter rules of RFC 7493 (no duplicate names, no lone surrogates, UTF-8 only).
public enum JSON {
    /// How much of a message is read or written at most.
    public struct Limits: Sendable, Equatable {
        /// The size of the whole text in bytes.
        public var byteCountMax: Int
        /// How many arrays and objects may stand inside each other.
        public var depthMax: Int

        public init(byteCountMax: Int, depthMax: Int) {
            self.byteCountMax = min(byteCountMax, Int(UInt32.max) / 2)
            self.depthMax = min(depthMax, 512)
        }

        /// What a message may hold: 1 MiB, 64 levels.
        public static let message = Limits(byteCountMax: MessageSize.byteCountMax, depthMax: 64)
    }

    /// What to do with a field the reading type does not have.
    public enum UnknownFields: Sendable {
        /// Pass over it, so that a newer sender may add fields.
        case tolerated
        /// Refuse it by name, for files written by people.
        case refused
    }

    /// How the text is laid out.
    public enum Layout: Sendable {
        /// Without a space that is not needed.
        case compact
        /// One field a line, two spaces a level, and a newline at the end, for files people read.
        case indented
    }

    /// Writes a value, its fields in the order it encodes them.
    ///
    /// - Throws: `JSONError` if the value holds a NaN or an infinity, is nested too deep, or is larger than the limit.
    public static func encode(
        _ value: some Encodable, layout: Layout = .compact, limits: Limits = .message
    ) throws(JSONError) -> [UInt8] {
        let writer = JSONWriter(layout: layout, limits: limits)
        do {
            try writer.write(value)
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(encoding: error)
        }
        return try writer.finish()
    }

    /// Reads a value.
    ///
    /// - Throws: `JSONError` with the path and the byte offset of what does not fit.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], unknownFields: UnknownFields = .tolerated, limits: Limits = .message
    ) throws(JSONError) -> Value {
        let document = try JSONDocument(bytes: bytes, limits: limits, tracksUse: unknownFields == .refused)
        let value: Value
        do {
            value = try document.decode(type, at: document.root)
        } catch let error as JSONError {
            throw error
        } catch {
            throw document.error(from: error)
        }
        if unknownFields == .refused { try document.refuseUnused() }
        return value
    }
}
