/// Text inside JSON strings: checking, comparing, unescaping. All offsets lie within bytes the parser has checked.
enum JSONText {
    static func string(_ raw: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) -> String {
        guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        // The unescaped form is never longer: the shortest escape of a scalar takes as many bytes as the scalar or more.
        return String(unsafeUninitializedCapacity: raw.count) { unescape(raw, into: $0) }
    }

    static func bytes(_ raw: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) -> [UInt8] {
        guard hasEscapes else { return Array(raw) }
        return Array(unsafeUninitializedCapacity: raw.count) { buffer, count in count = unescape(raw, into: buffer) }
    }

    /// A cheap mixture of the length and the ends of a name; equal names have equal ones.
    static func hash(_ start: UnsafePointer<UInt8>, _ length: Int) -> UInt32 {
        var first: UInt64 = 0
        var last: UInt64 = 0
        if length >= 8 {
            first = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
            last = UnsafeRawPointer(start).loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
        } else {
            for index in 0..<length { first = first << 8 | UInt64(start[index]) }
        }
        let mixed = (first ^ (last &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(length)) &* 0xC2B2_AE3D_27D4_EB4F
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    /// Four hex digits as a number.
    static func hexadecimal(_ start: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for index in 0..<4 {
            let byte = start[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
            default: return nil
            }
        }
        return value
    }

    /// Bytes of the UTF-8 sequence that starts here, or 0 if it breaks a rule (Unicode 15, table 3-7).
    ///
    /// The text is followed by zero bytes, so a sequence cut off by its end is seen as broken.
    static func characterByteCount(_ start: UnsafePointer<UInt8>) -> Int {
        func isTail(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            range.contains(start[offset])
        }
        switch start[0] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: return isTail(1) ? 2 : 0
        case 0xE0: return isTail(1, 0xA0...0xBF) && isTail(2) ? 3 : 0
        case 0xED: return isTail(1, 0x80...0x9F) && isTail(2) ? 3 : 0
        case 0xE1...0xEF: return isTail(1) && isTail(2) ? 3 : 0
        case 0xF0: return isTail(1, 0x90...0xBF) && isTail(2) && isTail(3) ? 4 : 0
        case 0xF1...0xF3: return isTail(1) && isTail(2) && isTail(3) ? 4 : 0
        case 0xF4: return isTail(1, 0x80...0x8F) && isTail(2) && isTail(3) ? 4 : 0
        default: return 0
        }
    }

    /// Writes the unescaped bytes of a checked string; returns how many.
    private static func unescape(
        _ raw: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var position = 0
        var written = 0
        func put(_ byte: UInt8) {
            output[written] = byte
            written += 1
        }
        while position < raw.count {
            guard raw[position] == UInt8(ascii: "\\") else {
                put(raw[position])
                position += 1
                continue
            }
            let escape = raw[position + 1]
            position += 2
            switch escape {
            case UInt8(ascii: "b"): put(0x08)
            case UInt8(ascii: "f"): put(0x0C)
            case UInt8(ascii: "n"): put(0x0A)
            case UInt8(ascii: "r"): put(0x0D)
            case UInt8(ascii: "t"): put(0x09)
            case UInt8(ascii: "u"):
                let (scalar, byteCount) = unicodeEscape(raw, at: position)
                position += byteCount
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { put(byte) }
            default: put(escape)
            }
        }
        return written
    }

    /// The scalar of the hex digits at a position, and how many bytes it and a second half of a pair take.
    private static func unicodeEscape(
        _ raw: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> (scalar: Unicode.Scalar, byteCount: Int) {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard let start = raw.baseAddress, position + 4 <= raw.count else { return (replacement, 0) }
        let first = hexadecimal(start + position) ?? 0
        guard (0xD800..<0xDC00).contains(first), position + 10 <= raw.count else {
            return (Unicode.Scalar(first) ?? replacement, 4)
        }
        let second = hexadecimal(start + position + 6) ?? 0
        let combined = 0x10000 &+ ((first - 0xD800) << 10) &+ (second &- 0xDC00)
        return (Unicode.Scalar(combined) ?? replacement, 10)
    }
}
