/// A growing row of bytes, written through a pointer so that each byte costs one comparison and one store.
struct JSONOutput: ~Copyable {
    fileprivate var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    fileprivate(set) var count = 0

    /// Room for most messages. From 1033 bytes on glibc takes a block from its common heap, and tidies all small free ones first.
    static let ordinaryCapacity = 1000

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit {
        base.deallocate()
    }

    var text: String { String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self) }

    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ source: UnsafeBufferPointer<UInt8>) {
        guard let start = source.baseAddress else { return }
        reserve(source.count)
        (base + count).update(from: start, count: source.count)
        count += source.count
    }

    mutating func append(_ text: consuming String) {
        text.withUTF8 { append($0) }
    }

    fileprivate mutating func reserve(_ added: Int) {
        if count + added > capacity { grow(to: count + added) }
    }

    private mutating func grow(to wanted: Int) {
        let larger = max(wanted, capacity * 2)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }
}

extension JSONOutput {
    private static let digits: StaticString = "0123456789abcdef"

    /// Writes a string with its quotation marks; what JSON forbids inside is escaped.
    mutating func appendQuoted(_ text: consuming String) {
        text.withUTF8 { source in
            if Self.isPlain(source) { return appendPlain(source) }
            append(UInt8(ascii: "\""))
            appendEscaped(source)
            append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendPlain(_ source: UnsafeBufferPointer<UInt8>) {
        reserve(source.count + 2)
        base[count] = UInt8(ascii: "\"")
        if let start = source.baseAddress { (base + count + 1).update(from: start, count: source.count) }
        base[count + 1 + source.count] = UInt8(ascii: "\"")
        count += source.count + 2
    }

    /// Whether nothing has to be escaped, looked at eight bytes at a time.
    private static func isPlain(_ source: UnsafeBufferPointer<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = 0
        while position + 8 <= source.count, let start = source.baseAddress {
            let word = UnsafeRawPointer(start).loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            let found =
                ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes)
                | ((backslashes &- ones) & ~backslashes)
            if found & (ones &* 0x80) != 0 { return false }
            position += 8
        }
        while position < source.count {
            let byte = source[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { return false }
            position += 1
        }
        return true
    }

    private mutating func appendEscaped(_ source: UnsafeBufferPointer<UInt8>) {
        for byte in source {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"" as StaticString)
            case UInt8(ascii: "\\"): append("\\\\" as StaticString)
            case 0x08: append("\\b" as StaticString)
            case 0x0C: append("\\f" as StaticString)
            case 0x0A: append("\\n" as StaticString)
            case 0x0D: append("\\r" as StaticString)
            case 0x09: append("\\t" as StaticString)
            case 0..<0x20:
                append("\\u00" as StaticString)
                append(Self.digits.utf8Start[Int(byte >> 4)])
                append(Self.digits.utf8Start[Int(byte & 0xF)])
            default: append(byte)
            }
        }
    }

    mutating func append(_ integer: some FixedWidthInteger) {
        guard let value = Int64(exactly: integer) else { return append(String(integer)) }
        if value < 0 { append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        if magnitude < 10 { return append(UInt8(ascii: "0") + UInt8(magnitude)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { scratch in
            var position = 20
            while magnitude > 0 {
                position -= 1
                scratch[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            }
            append(UnsafeBufferPointer(rebasing: scratch[position...]))
        }
    }
}
