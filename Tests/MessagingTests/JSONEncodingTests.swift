import Messaging
import Testing

@Suite struct JSONEncodingTests {
    @Test func aStructIsWrittenInTheOrderOfItsFields() throws {
        #expect(try encoded(Ticket.example) == Ticket.exampleText)
    }

    @Test func numbersKeepEveryDigit() throws {
        let numbers = Numbers()
        #expect(try decoded(encoded(numbers)) == numbers)
        #expect(try encoded([0, -1, 9, 10, Int64.max]) == "[0,-1,9,10,9223372036854775807]")
        #expect(try encoded([0.1, 1e21, -0.0, .leastNonzeroMagnitude]) == "[0.1,1e+21,-0.0,5e-324]")
    }

    @Test func stringsAreEscapedWhereJSONDemandsIt() throws {
        let text = "\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é€😀"
        #expect(try encoded(text) == #""\"\\/\b\f\n\r\t\u0000\u001f"# + "\u{7F}é€😀\"")
        #expect(try decoded(encoded(text)) == text)
    }

    @Test func aStringIsEscapedWhereverTheMarkStands() throws {
        for position in 0..<40 {
            let text = String(repeating: "a", count: position) + "\"" + String(repeating: "b", count: 40 - position)
            #expect(try encoded(text) == "\"" + text.replacing("\"", with: "\\\"") + "\"")
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func aNumberJSONLacksIsRefusedByItsPath(number: Double) {
        let error = #expect(throws: JSONError.self) { try JSON.encode(["rates": [1, number]]) }
        #expect(error?.code == .notFinite)
        #expect(error?.path == "$.rates[1]")
    }

    @Test func theLimitsHold() {
        let limits = JSON.Limits(byteCountMax: 100, depthMax: 4)
        #expect(throws: Never.self) { try JSON.encode(Nest(depth: 4), limits: limits) }
        #expect(#expect(throws: JSONError.self) { try JSON.encode(Nest(depth: 5), limits: limits) }?.code == .tooDeep)
        let long = String(repeating: "x", count: 99)
        #expect(#expect(throws: JSONError.self) { try JSON.encode(long, limits: limits) }?.code == .tooLarge)
        #expect(throws: Never.self) { try JSON.encode(String(long.dropLast()), limits: limits) }
    }

    @Test func aTypeThatWritesNothingIsRefused() {
        struct Silent: Encodable {
            func encode(to encoder: any Encoder) {}
        }
        let error = #expect(throws: JSONError.self) { try JSON.encode(["a": Silent()]) }
        #expect(error?.code == .nothingEncoded)
        #expect(error?.path == "$.a")
    }

    @Test func containersMayBeNestedByHand() throws {
        struct ByHand: Encodable {
            enum Key: String, CodingKey { case a, b, c }
            func encode(to encoder: any Encoder) throws {
                var object = encoder.container(keyedBy: Key.self)
                var inner = object.nestedContainer(keyedBy: Key.self, forKey: .a)
                try inner.encode(1, forKey: .b)
                var list = inner.nestedUnkeyedContainer(forKey: .c)
                try list.encode("x")
                try list.encodeNil()
                _ = list.nestedContainer(keyedBy: Key.self)
                try object.encodeNil(forKey: .b)
                // Asking again for the container of the same value goes on with the same object.
                var again = encoder.container(keyedBy: Key.self)
                try again.encode(true, forKey: .c)
            }
        }
        #expect(try encoded([ByHand()]) == #"[{"a":{"b":1,"c":["x",null,{}]},"b":null,"c":true}]"#)
    }

    @Test func writingIntoTwoSiblingsInTurnIsAnErrorAndNeverWrongBytes() {
        struct Interleaved: Encodable {
            enum Key: String, CodingKey { case a, b }
            func encode(to encoder: any Encoder) throws {
                var object = encoder.container(keyedBy: Key.self)
                var first = object.nestedContainer(keyedBy: Key.self, forKey: .a)
                _ = object.nestedContainer(keyedBy: Key.self, forKey: .b)
                try first.encode(1, forKey: .a)
            }
        }
        #expect(#expect(throws: JSONError.self) { try JSON.encode(Interleaved()) }?.code == .interleavedContainers)
    }

    @Test func aFileForPeopleIsIndented() throws {
        let value: JSONValue = ["a": [1, ["b": .null]], "c": [], "d": [:]]
        let text = String(decoding: try JSON.encode(value, layout: .indented), as: UTF8.self)
        #expect(text == "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}\n")
    }
}
