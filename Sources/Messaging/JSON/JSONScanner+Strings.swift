extension JSONScanner {
    struct ScannedString {
        /// The byte after the opening quotation mark.
        let start: Int
        /// Bytes up to the closing one.
        let length: Int
        let hasEscapes: Bool
        /// Equal for equal texts without escapes; 0 for all that have some.
        let hash: UInt32
    }

    /// Passes over a string with its quotation marks, checking its UTF-8 and its escapes.
    mutating func scanString() throws(JSONFault) -> ScannedString {
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlainText()
            switch current {
            case UInt8(ascii: "\""):
                let length = position - start
                position += 1
                return ScannedString(
                    start: start, length: length, hasEscapes: hasEscapes,
                    hash: hasEscapes ? 0 : JSONText.hash(text + start, length))
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape()
            case 0..<0x20:
                if isAtEnd { throw unexpected("") }
                throw JSONFault(.controlCharacter, "a control character must be escaped", at: position)
            default:
                let count = JSONText.characterByteCount(text + position)
                guard count > 0 else { throw JSONFault(.invalidUTF8, "a byte is not UTF-8", at: position) }
                position += count
            }
        }
    }

    /// Passes over bytes that need no look: printable ASCII but the quotation mark and the backslash.
    ///
    /// The zero bytes behind the text stop it, as control characters do.
    private mutating func skipPlainText() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while true {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(text).loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            let found =
                ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes)
                | ((backslashes &- ones) & ~backslashes) | word
            let mask = found & highs
            if mask != 0 {
                position += mask.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    private mutating func scanEscape() throws(JSONFault) {
        let start = position
        position += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            try scanUnicodeEscape(start: start)
        default:
            if isAtEnd { throw unexpected("") }
            throw JSONFault(.invalidEscape, "this escape is unknown", at: start)
        }
    }

    private mutating func scanUnicodeEscape(start: Int) throws(JSONFault) {
        let unit = try scanHexadecimal(start: start)
        switch unit {
        case 0xD800..<0xDC00:
            guard skip("\\u") else { throw JSONFault(.loneSurrogate, "half a surrogate pair stands alone", at: start) }
            let second = try scanHexadecimal(start: start)
            guard (0xDC00..<0xE000).contains(second) else {
                throw JSONFault(.loneSurrogate, "half a surrogate pair stands alone", at: start)
            }
        case 0xDC00..<0xE000:
            throw JSONFault(.loneSurrogate, "half a surrogate pair stands alone", at: start)
        default: break
        }
    }

    private mutating func scanHexadecimal(start: Int) throws(JSONFault) -> UInt32 {
        guard let unit = JSONText.hexadecimal(text + position) else {
            if position + 4 > byteCount {
                position = byteCount
                throw unexpected("")
            }
            throw JSONFault(.invalidEscape, "an escape needs four hex digits", at: start)
        }
        position += 4
        return unit
    }
}
