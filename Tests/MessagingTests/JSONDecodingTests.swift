import Messaging
import Testing

@Suite struct JSONDecodingTests {
    @Test func aStructIsReadBack() throws {
        #expect(try decoded(Ticket.exampleText) == Ticket.example)
    }

    @Test func fieldsMayStandInAnyOrderWithSpacesAnywhere() throws {
        struct Pair: Codable, Equatable {
            var a: Int
            var b: [Int]
            var c: String?
        }
        #expect(
            try decoded(" \n{ \"c\" : null ,\t\"b\":[ 1 , 2 ],\r\n \"a\" : 3 } ", as: Pair.self)
                == Pair(a: 3, b: [1, 2], c: nil))
    }

    @Test func fieldsNobodyKnowsArePassedOver() throws {
        struct Small: Decodable, Equatable {
            var a: Int
        }
        let text = #"{"x":{"a":9,"deep":[1,{"y":null}]},"a":1,"z":1e400}"#
        #expect(try decoded(text, as: Small.self).a == 1)
    }

    @Test func fieldsNobodyKnowsAreNamedWhereTheyAreRefused() {
        struct Outer: Decodable {
            struct Inner: Decodable {
                var a: Int
            }
            var inner: [Inner]
            var free: JSONValue
            var counts: [String: Int]
        }
        let known = #"{"inner":[{"a":1}],"free":{"any":{"thing":1}},"counts":{"x":1}}"#
        #expect(refusal(of: known, as: Outer.self, unknownFields: .refused) == nil)
        let unknown = #"{"inner":[{"a":1},{"a":2,"typo":3}],"free":1,"counts":{}}"#
        let error = refusal(of: unknown, as: Outer.self, unknownFields: .refused)
        #expect(error?.code == .unknownField)
        #expect(error?.path == "$.inner[1].typo")
        #expect(error?.byteOffset == 25)
    }

    @Test func escapedNamesAreTheSameNames() throws {
        struct Named: Decodable {
            var item: Int
        }
        #expect(try decoded(#"{"\u0069tem":5}"#, as: Named.self).item == 5)
    }

    @Test func escapesAndSurrogatePairsAreRead() throws {
        #expect(try decoded(#""\"\\\/\b\f\n\r\tA\u00e9\u20AC\ud83D\uDE00""#) == "\"\\/\u{8}\u{C}\n\r\tAé€😀")
    }

    @Test func anyValueKeepsWhatItWas() throws {
        let text = #"{"b":[null,true,false,0,-9223372036854775808,18446744073709551615,1.5,"x"],"a":{"b":{}}}"#
        let value = try decoded(text, as: JSONValue.self)
        #expect(try encoded(value) == text)
        #expect(value["a"]?["b"] == .object([]))
    }

    @Test func dictionariesOfEveryKeyAreRead() throws {
        #expect(try decoded(#"{"1":"a","2":"b"}"#, as: [Int: String].self) == [1: "a", 2: "b"])
        let many = Dictionary(uniqueKeysWithValues: (0..<2000).map { ("key\($0)", $0) })
        #expect(try decoded(encoded(many)) == many)
    }

    @Test(arguments: [
        ("0.1", 0.1), ("-0.0", -0.0), ("123456789012345678901234567890", 1.2345678901234568e29),
        ("2.2250738585072014e-308", .leastNormalMagnitude), ("9007199254740993", 9_007_199_254_740_992),
        ("1E5", 100_000), ("0.30000000000000004", 0.30000000000000004), ("5e-324", .leastNonzeroMagnitude),
        ("1e-400", 0),
    ]) func doublesAreTheNearestOnes(text: String, number: Double) throws {
        let read = try decoded(text, as: Double.self)
        #expect(read == number && read.sign == number.sign)
    }

    @Test func typesWithTheirOwnDecodingSeeTheContainersTheyAskFor() throws {
        struct ByHand: Decodable {
            enum Key: String, CodingKey { case a, list }
            var sum: Int
            init(from decoder: any Decoder) throws {
                let object = try decoder.container(keyedBy: Key.self)
                let inner = try object.nestedContainer(keyedBy: Key.self, forKey: .a)
                sum = try inner.decode(Int.self, forKey: .a)
                var list = try object.nestedUnkeyedContainer(forKey: .list)
                while !list.isAtEnd {
                    if try list.decodeNil() { continue }
                    sum += try list.decode(Int.self)
                }
            }
        }
        #expect(try decoded(#"{"a":{"a":1},"list":[2,null,3]}"#, as: ByHand.self).sum == 6)
    }
}
