/// Looks at the bytes before the YAML scanner does.
///
/// The scanner counts some invisible characters as line breaks and lets others pass. A file that shows one thing to a
/// reviewer and says another to the machine is refused here, with the place.
enum TextInspector {
    static func inspect(_ bytes: [UInt8], limits: Limits) throws(NodeBuilder.Fault) {
        if bytes.count > limits.byteCountMax {
            throw NodeBuilder.Fault(
                mark: .start, code: .fileTooLarge,
                message: "the file has \(bytes.count) bytes; \(limits.byteCountMax) are the most")
        }
        var place = Place()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return
            case .error:
                throw NodeBuilder.Fault(mark: place.mark, code: .notUTF8, message: "the bytes here are not UTF-8")
            case .scalarValue(let scalar):
                if let (code, name) = objection(to: scalar), !(place.isAtStart && scalar == byteOrderMark) {
                    throw NodeBuilder.Fault(mark: place.mark, code: code, message: "\(name) stands here")
                }
                place.advance(over: scalar)
            }
        }
    }

    private static let byteOrderMark: Unicode.Scalar = "\u{FEFF}"

    private static func objection(to scalar: Unicode.Scalar) -> (DiagnosticCode, String)? {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: nil
        case 0x00...0x1F, 0x7F...0x84, 0x86...0x9F: (.controlCharacter, "the control character \(name(of: scalar))")
        case 0x85, 0x2028, 0x2029: (.hiddenCharacter, "the hidden line break \(name(of: scalar))")
        case 0x200B...0x200F, 0x2060...0x2064, 0x00AD, 0xFEFF: (.hiddenCharacter, "the invisible \(name(of: scalar))")
        case 0x061C, 0x202A...0x202E, 0x2066...0x2069: (.hiddenCharacter, "the text direction \(name(of: scalar))")
        case 0xE0000...0xE007F: (.hiddenCharacter, "the invisible tag \(name(of: scalar))")
        case 0xFFFE, 0xFFFF: (.controlCharacter, "the non-character \(name(of: scalar))")
        default: nil
        }
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Counts lines and characters the way the scanner does: LF, CR and CR LF each end a line.
    private struct Place {
        private var line = 1
        private var column = 1
        private var lastWasReturn = false
        private(set) var isAtStart = true

        var mark: Mark { Mark(line: line, column: column) }

        mutating func advance(over scalar: Unicode.Scalar) {
            defer { isAtStart = false }
            let endsReturnPair = scalar == "\n" && lastWasReturn
            lastWasReturn = scalar == "\r"
            if endsReturnPair { return }
            if scalar == "\n" || scalar == "\r" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
    }
}
