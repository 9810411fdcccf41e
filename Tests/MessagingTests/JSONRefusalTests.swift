import Messaging
import Testing

@Suite struct JSONRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let code: JSONError.Code
        let path: String
        let offset: Int

        init(_ text: String, _ code: JSONError.Code, _ path: String, _ offset: Int) {
            (self.text, self.code, self.path, self.offset) = (text, code, path, offset)
        }

        var testDescription: String { text }
    }

    @Test(arguments: [
        Case("", .empty, "$", 0), Case("  ", .empty, "$", 2), Case("nul", .syntax, "$", 0),
        Case("'a'", .syntax, "$", 0),
        Case("\u{FEFF}1", .syntax, "$", 0), Case("1 2", .trailingBytes, "$", 2), Case("{} x", .trailingBytes, "$", 3),
        Case("[1,", .unexpectedEnd, "$[1]", 3), Case("[1 2]", .syntax, "$[1]", 3), Case("[1,]", .syntax, "$[1]", 3),
        Case("[", .unexpectedEnd, "$[0]", 1), Case("{", .unexpectedEnd, "$", 1),
        Case(#"{"a""#, .unexpectedEnd, "$.a", 4),
        Case(#"{"a":"#, .unexpectedEnd, "$.a", 5), Case(#"{"a":1"#, .unexpectedEnd, "$", 6),
        Case(#"{"a":1,}"#, .syntax, "$", 7), Case(#"{a:1}"#, .syntax, "$", 1), Case(#"{"a" 1}"#, .syntax, "$.a", 5),
        Case("\"abc", .unexpectedEnd, "$", 4), Case("\"a\u{1}\"", .controlCharacter, "$", 2),
        Case(#""\x""#, .invalidEscape, "$", 1), Case(#""\u12G4""#, .invalidEscape, "$", 1),
        Case(#""\u12"#, .unexpectedEnd, "$", 5), Case(#""\"#, .unexpectedEnd, "$", 2),
        Case(#"["\ud800"]"#, .loneSurrogate, "$[0]", 2), Case(#""\udc00""#, .loneSurrogate, "$", 1),
        Case(#""\ud800\u0041""#, .loneSurrogate, "$", 1), Case("01", .syntax, "$", 1), Case("-", .syntax, "$", 0),
        Case("1.", .unexpectedEnd, "$", 2), Case("1.e5", .syntax, "$", 2), Case("1e", .unexpectedEnd, "$", 2),
        Case("+1", .syntax, "$", 0), Case(".5", .syntax, "$", 0), Case("NaN", .syntax, "$", 0),
        Case("-Infinity", .syntax, "$", 0), Case("0x10", .trailingBytes, "$", 1), Case("\u{0}", .syntax, "$", 0),
        Case(#"{"a":1,"b":{"c":2,"c":3}}"#, .duplicateKey, "$.b.c", 18),
        Case(#"{"a":1,"\u0061":2}"#, .duplicateKey, "$.a", 7),
    ]) func brokenTextIsRefusedWithItsPlace(broken: Case) throws {
        let error = try #require(refusal(of: broken.text, as: JSONValue.self))
        #expect(error.code == broken.code)
        #expect(error.path == broken.path)
        #expect(error.byteOffset == broken.offset)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xE0, 0x80, 0x80, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xF0, 0x80, 0x80, 0x80, 0x22], [0x22, 0xC3, 0x22],
            [0x22, 0xE2, 0x82],
            [0x22, 0x80, 0x22], [0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22],
        ] as [[UInt8]]) func bytesThatAreNoUTF8AreRefused(bytes: [UInt8])
    {
        #expect(refusal(of: bytes, as: String.self)?.code == .invalidUTF8)
    }

    @Test(arguments: [
        Case(#"{"item":"a"}"#, .missingField, "$.quantity", 0),
        Case(#"{"item":null,"quantity":1}"#, .wrongType, "$.item", 8),
        Case(#"{"item":"a","quantity":"1"}"#, .wrongType, "$.quantity", 23),
        Case(#"{"item":"a","quantity":1.0}"#, .notAnInteger, "$.quantity", 23),
        Case(#"{"item":"a","quantity":1e2}"#, .notAnInteger, "$.quantity", 23),
        Case(#"{"item":"a","quantity":9223372036854775808}"#, .numberOutOfRange, "$.quantity", 23),
        Case(#"[]"#, .wrongType, "$", 0), Case(#"7"#, .wrongType, "$", 0),
    ]) func valuesThatDoNotFitAreRefusedWithTheirPlace(wrong: Case) throws {
        let error = try #require(refusal(of: wrong.text, as: Ticket.Line.self))
        #expect(error.code == wrong.code)
        #expect(error.path == wrong.path)
        #expect(error.byteOffset == wrong.offset)
    }

    @Test func numbersOutOfTheirTypeAreRefused() {
        #expect(refusal(of: "256", as: UInt8.self)?.code == .numberOutOfRange)
        #expect(refusal(of: "-1", as: UInt64.self)?.code == .numberOutOfRange)
        #expect(refusal(of: "-129", as: Int8.self)?.code == .numberOutOfRange)
        #expect(refusal(of: "1e999", as: Double.self)?.code == .numberOutOfRange)
        #expect(refusal(of: "1e39", as: Float.self)?.code == .numberOutOfRange)
        #expect(refusal(of: String(repeating: "9", count: 400), as: Double.self)?.code == .numberOutOfRange)
        #expect(refusal(of: String(repeating: "9", count: 400), as: JSONValue.self)?.code == .numberOutOfRange)
    }

    @Test func anUnknownCaseIsNamedByItsPlaceAndNotByItsContent() throws {
        struct Holder: Decodable {
            var kinds: [Ticket.Kind]
        }
        let error = try #require(refusal(of: #"{"kinds":["pickup","4242424242424242"]}"#, as: Holder.self))
        #expect(error.code == .invalidValue)
        #expect(error.path == "$.kinds[1]")
        #expect(error.byteOffset == 19)
        #expect(!error.description.contains("4242"))
    }

    @Test func anIdOfAnotherVersionIsRefused() {
        #expect(refusal(of: #""017f22e2-79b0-4cc3-98c4-dc0c0c07398f""#, as: UUIDv7.self)?.code == .invalidValue)
        #expect(refusal(of: "5", as: UUIDv7.self)?.code == .wrongType)
    }

    @Test func theDepthIsLimited() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(refusal(of: nested(64), as: JSONValue.self) == nil)
        #expect(refusal(of: nested(65), as: JSONValue.self)?.code == .tooDeep)
        #expect(refusal(of: String(repeating: "[", count: 500_000), as: JSONValue.self)?.code == .tooDeep)
        #expect(refusal(of: String(repeating: #"{"a":"#, count: 100_000), as: JSONValue.self)?.code == .tooDeep)
    }

    @Test func theSizeIsLimited() {
        let fits = "\"" + String(repeating: "x", count: MessageSize.byteCountMax - 2) + "\""
        #expect(refusal(of: fits, as: String.self) == nil)
        #expect(refusal(of: fits + " ", as: String.self)?.code == .tooLarge)
    }

    @Test func manyThousandFieldsAreCheckedForTwins() {
        let fields = (0..<20_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(refusal(of: "{\(fields)}", as: JSONValue.self) == nil)
        #expect(refusal(of: "{\(fields),\"k19999\":1}", as: JSONValue.self)?.code == .duplicateKey)
    }

    @Test func twinsAreFoundInObjectsOfEverySize() {
        for count in [1, 2, 15, 16, 17, 40] {
            let names = (0..<count).map { "\"name\($0)\":0" }
            #expect(refusal(of: "{\(names.joined(separator: ","))}", as: JSONValue.self) == nil)
            for twin in 0..<count {
                let text = "{\((names + ["\"name\(twin)\":0"]).joined(separator: ","))}"
                #expect(refusal(of: text, as: JSONValue.self)?.code == .duplicateKey)
            }
        }
    }

    @Test func namesWithTheSameAccentWrittenTwoWaysAreDifferentNames() {
        #expect(refusal(of: "{\"\u{E9}\":1,\"e\u{301}\":2}", as: JSONValue.self) == nil)
    }

    @Test func whatATypeThrowsItselfIsTakenOver() throws {
        struct Picky: Decodable {
            struct Complaint: Error {}
            init(from decoder: any Decoder) throws { throw Complaint() }
        }
        let error = try #require(refusal(of: #"{"a":1}"#, as: Picky.self))
        #expect(error.code == .invalidValue)
        #expect(error.debugDescription.contains("Complaint"))
    }
}
