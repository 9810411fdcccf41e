/// An id that carries the time it was made: a UUID of version 7.
///
/// Messages are named by these, because the inbox keeps its rows by the time inside the id. Source: RFC 9562 section 5.7.
public struct UUIDv7: Sendable, Hashable {
    /// The first eight bytes: 48 bits of time, the version, 12 random bits.
    public let high: UInt64
    /// The last eight bytes: the variant and 62 random bits.
    public let low: UInt64

    /// Takes the bits as they are, or nil if they are no UUID of version 7.
    public init?(high: UInt64, low: UInt64) {
        guard high >> 12 & 0xF == 7, low >> 62 == 0b10 else { return nil }
        self.high = high
        self.low = low
    }

    /// Puts an id together.
    ///
    /// - Parameters:
    ///   - milliseconds: the time since 1970; only its low 48 bits are kept.
    ///   - randomHigh: its low 12 bits are used.
    ///   - randomLow: its low 62 bits are used.
    public init(milliseconds: UInt64, randomHigh: UInt64, randomLow: UInt64) {
        high = milliseconds << 16 | 0x7000 | randomHigh & 0xFFF
        low = 0b10 << 62 | randomLow & (1 << 62 - 1)
    }

    /// The time inside, in milliseconds since 1970.
    public var milliseconds: Int64 { Int64(high >> 16) }
}

extension UUIDv7: Comparable {
    /// Orders by time, then by the rest.
    public static func < (left: UUIDv7, right: UUIDv7) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUIDv7: LosslessStringConvertible {
    private static let textByteCount = 36
    private static let digits: StaticString = "0123456789abcdef"
    private static let hyphen = UInt8(ascii: "-")

    /// Reads the usual form with hyphens, in either case.
    public init?(_ text: String) {
        var text = text
        guard let identifier = text.withUTF8({ UUIDv7(utf8: $0) }) else { return nil }
        self = identifier
    }

    init?(utf8 text: UnsafeBufferPointer<UInt8>) {
        guard text.count == Self.textByteCount, let start = text.baseAddress,
            start[8] == Self.hyphen, start[13] == Self.hyphen, start[18] == Self.hyphen, start[23] == Self.hyphen,
            let time = Self.value(start, 8), let rest = Self.value(start + 9, 4),
            let version = Self.value(start + 14, 4),
            let variant = Self.value(start + 19, 4), let node = Self.value(start + 24, 12)
        else { return nil }
        self.init(high: time << 32 | rest << 16 | version, low: variant << 48 | node)
    }

    /// The number of some hex digits, or nil if one is none.
    private static func value(_ start: UnsafePointer<UInt8>, _ digitCount: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<digitCount {
            let byte = start[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
            case 0x41...0x46: value = value << 4 | UInt64(byte - 0x37)
            default: return nil
            }
        }
        return value
    }

    public var description: String {
        String(unsafeUninitializedCapacity: Self.textByteCount) { buffer in
            write(into: buffer)
            return Self.textByteCount
        }
    }

    func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textByteCount) { buffer in
            write(into: buffer)
            return body(UnsafeBufferPointer(buffer))
        }
    }

    private func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        guard let start = buffer.baseAddress, buffer.count >= Self.textByteCount else { return }
        Self.write(high >> 32, 8, to: start)
        Self.write(high >> 16, 4, to: start + 9)
        Self.write(high, 4, to: start + 14)
        Self.write(low >> 48, 4, to: start + 19)
        Self.write(low, 12, to: start + 24)
        start[8] = Self.hyphen
        start[13] = Self.hyphen
        start[18] = Self.hyphen
        start[23] = Self.hyphen
    }

    /// Writes the low digits of a number, the highest first.
    private static func write(_ value: UInt64, _ digitCount: Int, to start: UnsafeMutablePointer<UInt8>) {
        var rest = value
        for index in stride(from: digitCount - 1, through: 0, by: -1) {
            start[index] = digits.utf8Start[Int(rest & 0xF)]
            rest >>= 4
        }
    }
}

extension UUIDv7 {
    /// The sixteen bytes, the first first, as databases keep them.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// Reads sixteen bytes, or nil if there are more or fewer or they are no UUID of version 7.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension UUIDv7: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let identifier = UUIDv7(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no UUID of version 7")
        }
        self = identifier
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
