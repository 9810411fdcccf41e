import Messaging

/// The types the JSON tests read and write: everything a message may be made of.
struct Ticket: Codable, Equatable {
    struct Line: Codable, Equatable {
        var item: String
        var quantity: Int
    }

    enum Kind: String, Codable {
        case delivery, pickup
    }

    enum Outcome: Codable, Equatable {
        case accepted(readyBy: Int64)
        case refused(String)
        case pending
    }

    var id: UUIDv7
    var kind: Kind
    var lines: [Line]
    var note: String?
    var total: Int64
    var weight: Double
    var isExpress: Bool
    var labels: [String: Int]
    var outcome: Outcome
    var matrix: [[UInt8]]

    static let example = Ticket(
        id: UUIDv7(milliseconds: 1_700_000_000_000, randomHigh: 1, randomLow: 2), kind: .pickup,
        lines: [Line(item: "naan", quantity: 2), Line(item: "lassi \"large\"", quantity: -1)], note: nil, total: 1250,
        weight: 2.5, isExpress: true, labels: ["hot": 1], outcome: .accepted(readyBy: 7), matrix: [[1, 2], []])

    static let exampleText =
        #"{"id":"018bcfe5-6800-7001-8000-000000000002","kind":"pickup","lines":[{"item":"naan","quantity":2},"#
        + #"{"item":"lassi \"large\"","quantity":-1}],"total":1250,"weight":2.5,"isExpress":true,"labels":{"hot":1},"#
        + #""outcome":{"accepted":{"readyBy":7}},"matrix":[[1,2],[]]}"#
}

struct Numbers: Codable, Equatable {
    var int = Int.min
    var int8 = Int8.min
    var int16 = Int16.min
    var int32 = Int32.min
    var int64 = Int64.min
    var uint = UInt.max
    var uint8 = UInt8.max
    var uint16 = UInt16.max
    var uint32 = UInt32.max
    var uint64 = UInt64.max
    var double = Double.greatestFiniteMagnitude
    var float = Float.leastNonzeroMagnitude
}

/// A chain of objects, each inside the last.
final class Nest: Codable {
    var inner: Nest?

    init(depth: Int) { inner = depth > 1 ? Nest(depth: depth - 1) : nil }
}

func encoded(_ value: some Encodable) throws -> String {
    String(decoding: try JSON.encode(value), as: UTF8.self)
}

func decoded<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSON.decode(type, from: Array(text.utf8))
}

/// The error of reading a text as a type, or nil if it was read.
func refusal<Value: Decodable>(
    of text: String, as type: Value.Type, unknownFields: JSON.UnknownFields = .tolerated
) -> JSONError? {
    refusal(of: Array(text.utf8), as: type, unknownFields: unknownFields)
}

func refusal<Value: Decodable>(
    of bytes: [UInt8], as type: Value.Type, unknownFields: JSON.UnknownFields = .tolerated
) -> JSONError? {
    do throws(JSONError) {
        _ = try JSON.decode(type, from: bytes, unknownFields: unknownFields)
        return nil
    } catch {
        return error
    }
}
