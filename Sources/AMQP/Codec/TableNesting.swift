/// How deep tables and arrays stand in each other, as bytes.
///
/// Decoders go down by calling themselves, the library's without a bound: a few thousand levels, which fit into one frame, take
/// all of a thread's stack. So nothing deeper than ``depthMax`` is decoded.
enum TableNesting {
    static let depthMax = 64

    /// A table or array that is being read.
    private struct Level {
        let end: Int
        /// Its values have names.
        let isTable: Bool
    }

    /// Whether the table that begins here, with its length, goes deeper than ``depthMax``.
    ///
    /// It is followed as the library follows it, which holds a length against the end of the bytes only. Where the library gives
    /// up this does, too, and says no.
    static func isTooDeep(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard var level = unsafe level(bytes, start, isTable: true) else { return false }
        // Those around it; flat headers, as nearly all are, cost no allocation.
        var outer: [Level] = []
        var place = start + 4
        while true {
            guard place < level.end else {
                guard let next = outer.popLast() else { return false }
                level = next
                continue
            }
            if level.isTable {
                guard place < bytes.count else { return false }
                place += 1 + Int(unsafe bytes[place])
            }
            guard place < bytes.count else { return false }
            let kind = unsafe bytes[place]
            place += 1
            switch kind {
            case UInt8(ascii: "F"), UInt8(ascii: "A"):
                guard let inner = unsafe self.level(bytes, place, isTable: kind == UInt8(ascii: "F")) else {
                    return false
                }
                guard outer.count + 1 < depthMax else { return true }
                outer.append(level)
                level = inner
                place += 4
            case UInt8(ascii: "S"), UInt8(ascii: "x"):
                guard let length = unsafe length(bytes, place) else { return false }
                place += 4 + length
            default:
                guard let count = byteCount(of: kind) else { return false }
                place += count
            }
        }
    }

    /// Where the headers begin in a list of properties: its flags, then the fields in the order of their flags (AMQP 0-9-1,
    /// section 4.2.6.1).
    static func headers(in properties: UnsafeRawBufferPointer) -> Int? {
        var place = 0
        var flags: UInt16?
        var last: UInt16
        repeat {
            guard place + 2 <= properties.count else { return nil }
            last = UInt16(unsafe properties[place]) << 8 | UInt16(unsafe properties[place + 1])
            flags = flags ?? last
            place += 2
        } while last & 1 != 0
        guard let flags, flags & 1 << 13 != 0 else { return nil }
        // Content type and content encoding.
        for flag in [15, 14] where flags & 1 << UInt16(flag) != 0 {
            guard place < properties.count else { return nil }
            place += 1 + Int(unsafe properties[place])
        }
        return place
    }

    /// The length that stands here; nil where the bytes end before.
    static func length(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Int? {
        guard place + 4 <= bytes.count else { return nil }
        return (place..<place + 4).reduce(0) { $0 << 8 | Int(unsafe bytes[$1]) }
    }

    private static func level(_ bytes: UnsafeRawBufferPointer, _ place: Int, isTable: Bool) -> Level? {
        guard let length = unsafe length(bytes, place) else { return nil }
        return Level(end: place + 4 + length, isTable: isTable)
    }

    /// What a value of a fixed size takes; nil for a kind that nobody knows.
    private static func byteCount(of kind: UInt8) -> Int? {
        switch kind {
        case UInt8(ascii: "V"): 0
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): 1
        case UInt8(ascii: "s"), UInt8(ascii: "u"): 2
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): 4
        case UInt8(ascii: "D"): 5
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): 8
        default: nil
        }
    }
}
