import SagaModel
import Testing

@Suite("Values and their JSON")
struct ValueTests {
    @Test("are written with sorted keys and read back")
    func roundTrip() throws {
        let value: Value = [
            "b": .list([1, -5, .integer(.min), .integer(.max)]), "a": "line\n\"quoted\"\u{1}é😀", "c": .null,
            "aa": true,
        ]
        let text = CanonicalJSON.text(of: value)
        #expect(
            text == #"{"a":"line\n\"quoted\"\u0001é😀","aa":true,"b":[1,-5,"#
                + "-9223372036854775808,9223372036854775807" + #"],"c":null}"#)
        #expect(try CanonicalJSON.value(of: text) == value)
    }

    @Test("escape what has to be, wherever it stands", arguments: 0..<20)
    func escapes(place: Int) throws {
        for character in ["\"", "\\", "\n", "\u{0}", "\u{1f}", " ", "!", "#", "[", "]", "\u{7f}", "é", "😀"] {
            let text = String(repeating: "x", count: place) + character + String(repeating: "y", count: 19 - place)
            #expect(try CanonicalJSON.value(of: CanonicalJSON.text(of: .string(text))) == .string(text))
        }
        #expect(CanonicalJSON.text(of: .string("\u{1f} \u{7f}")) == "\"\\u001f \u{7f}\"")
    }

    @Test("are read with white space, escapes and any order of keys")
    func tolerant() throws {
        let text = " { \"z\" : [ ] , \"y\" : { } , \"x\" : \"\\u00e9\\uD83D\\uDE00\\/\\b\" } "
        #expect(try CanonicalJSON.value(of: text) == ["x": "é😀/\u{8}", "y": [:], "z": .list([])])
    }

    @Test(
        "are refused when they are no JSON of ours",
        arguments: [
            ("", .unexpectedEnd), ("[1", .unexpectedEnd), ("\"a", .unexpectedEnd), ("[1,]", .unexpectedByte),
            ("{\"a\" 1}", .unexpectedByte), ("tru", .unexpectedEnd), ("nul1", .unexpectedByte), ("01", .unexpectedByte),
            ("-", .unexpectedEnd), ("-0", .notAnInteger), ("1.5", .notAnInteger), ("1e3", .notAnInteger),
            ("9223372036854775808", .integerTooLarge), ("-9223372036854775809", .integerTooLarge),
            ("\"\\ud800\"", .invalidText), ("\"\\udc00\"", .invalidText), ("\"\\ud800\\u0041\"", .invalidText),
            ("\"\\x\"", .unexpectedByte), ("\"\u{1}\"", .unexpectedByte), ("1 2", .trailingBytes),
            ("{\"a\":1,\"a\":2}", .duplicateKey), (String(repeating: "[", count: 65), .tooDeep),
        ] as [(String, CanonicalJSONError.Code)])
    func refused(text: String, code: CanonicalJSONError.Code) {
        let error = #expect(throws: CanonicalJSONError.self) { try CanonicalJSON.value(of: text) }
        #expect(error?.code == code)
    }

    @Test("are refused as bytes that are no UTF-8, and beyond the limit of size")
    func badBytes() {
        let bad = #expect(throws: CanonicalJSONError.self) { try CanonicalJSON.value(of: [0x22, 0xff, 0x22]) }
        #expect(bad?.code == .invalidText)
        let long = #expect(throws: CanonicalJSONError.self) {
            try CanonicalJSON.value(of: "[1,2]", limits: CanonicalJSON.Limits(byteCountMax: 4))
        }
        #expect(long?.code == .tooLong)
    }

    @Test("keep a record's members sorted, each name once")
    func records() {
        var record = Record([.init(name: "b", value: 1), .init(name: "a", value: 2), .init(name: "b", value: 3)])
        #expect(record.members.map(\.name) == ["a", "b"])
        #expect(record["b"] == 3)
        record["a"] = nil
        #expect(record == ["b": 3])
    }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test("are shaped like a UUIDv7 and read back")
    func shape() throws {
        let identifier = Identifier.saga(definition: "create-order", key: "o-1", milliseconds: 0x0123_4567_89ab)
        let text = identifier.description
        #expect(text.hasPrefix("01234567-89ab-7"))
        #expect("89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
        #expect(Identifier(text) == identifier)
        #expect(identifier.milliseconds == 0x0123_4567_89ab)
    }

    @Test("follow from what they are for")
    func derived() {
        let first = Identifier.saga(definition: "create-order", key: "o-1", milliseconds: 1)
        #expect(first == .saga(definition: "create-order", key: "o-1", milliseconds: 1))
        #expect(first != .saga(definition: "create-order", key: "o-2", milliseconds: 1))
        #expect(first != .saga(definition: "cancel-order", key: "o-1", milliseconds: 1))
        #expect(first != .saga(definition: "create-order", key: "o-1", milliseconds: 2))
    }

    @Test(
        "refuse other texts",
        arguments: ["", "01234567-89ab-7000-8000-00000000000", "01234567_89ab-7000-8000-000000000000"])
    func refused(text: String) {
        #expect(Identifier(text) == nil)
    }
}
