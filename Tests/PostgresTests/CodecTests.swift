import Testing

@testable import Postgres

@Suite struct CodecTests {
    private func encoded(_ value: some PostgresEncodable) -> [UInt8] {
        var writer = PostgresWriter()
        value.encode(into: &writer)
        return writer.bytes
    }

    private func decode<Value: PostgresDecodable>(
        _ bytes: [UInt8], _ type: PostgresType, as: Value.Type = Value.self
    ) throws(DecodingFailure) -> Value {
        try Value(postgresBytes: bytes.span.bytes, type: type)
    }

    @Test func integersAreBigEndian() throws {
        #expect(encoded(Int16(-2)) == [0xFF, 0xFE])
        #expect(encoded(Int32(1)) == [0, 0, 0, 1])
        #expect(encoded(258) == [0, 0, 0, 0, 0, 0, 1, 2])
    }

    @Test func integersOfAnyWidthAreReadWhereTheyFit() throws {
        #expect(try decode([0xFF, 0xFF], .int2, as: Int.self) == -1)
        #expect(try decode([0, 0, 0x80, 0], .int4, as: Int64.self) == 32768)
        #expect(throws: DecodingFailure.outOfRange) { try decode([0, 0, 0x80, 0], .int4, as: Int16.self) }
        #expect(throws: DecodingFailure.typeMismatch) { try decode([0], .bool, as: Int.self) }
        #expect(throws: DecodingFailure.malformed) { try decode([0, 0, 1], .int4, as: Int.self) }
    }

    @Test func shortBytesAreRefusedEverywhere() {
        for length in 0..<4 {
            let bytes = [UInt8](repeating: 0, count: length)
            #expect(throws: DecodingFailure.malformed) { try decode(bytes, .float8, as: Double.self) }
            #expect(throws: DecodingFailure.malformed) { try decode(bytes, .uuid, as: PostgresUUID.self) }
            #expect(throws: DecodingFailure.malformed) { try decode(bytes, .timestamptz, as: PostgresTimestamp.self) }
            #expect(throws: DecodingFailure.malformed) { try decode(bytes, .int8Array, as: [Int].self) }
        }
    }

    @Test func textThatIsNotUTF8IsRefused() {
        #expect(throws: DecodingFailure.malformed) { try decode([0xC3], .text, as: String.self) }
    }

    @Test func jsonbNeedsItsVersion() throws {
        #expect(encoded(PostgresJSON("{}")) == [1] + Array("{}".utf8))
        #expect(try decode([1, 0x31], .jsonb, as: PostgresJSON.self).text == "1")
        #expect(throws: DecodingFailure.malformed) { try decode([2, 0x31], .jsonb, as: PostgresJSON.self) }
        #expect(throws: DecodingFailure.malformed) { try decode([], .jsonb, as: String.self) }
    }

    @Test func anArraySaysWhetherItHoldsNulls() {
        #expect(encoded([Int]()) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20])
        let one = encoded([Int32(7)])
        #expect(one == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7])
        let null = encoded([nil] as [Int32?])
        #expect(null[7] == 1)
        #expect(Array(null.suffix(4)) == [0xFF, 0xFF, 0xFF, 0xFF])
    }

    @Test func textsInOneBlockAreAnArrayOfTexts() {
        for texts in [[], [""], ["a", "", "größer", "{}"]] as [[String]] {
            let bytes = texts.map { Array($0.utf8) }
            let ends = bytes.indices.map { bytes[...$0].joined().count }
            #expect(encoded(PostgresTexts(utf8: Array(bytes.joined()), ends: ends)) == encoded(texts))
        }
    }

    @Test func someTextsOfABlockArePicked() {
        let texts = PostgresTexts(utf8: Array("abcdef".utf8), ends: [1, 1, 3, 6])
        #expect(encoded(texts.picking([3, 0, 1])) == encoded(["def", "a", ""]))
        #expect(encoded(texts.picking([2])) == encoded(["bc"]))
        #expect(encoded(texts.picking([])) == encoded([String]()))
    }

    @Test func textsInOneBlockAreCheckedOneByOne() {
        func refusal(_ utf8: [UInt8], _ ends: [Int]) -> ValueRefusal? {
            var writer = PostgresWriter()
            PostgresTexts(utf8: utf8, ends: ends).encode(into: &writer)
            return writer.refusal
        }
        #expect(refusal([0x61, 0, 0x62], [3]) == .nulInText)
        #expect(refusal([0xC3, 0xB6], [2]) == nil)
        #expect(refusal([0xC3, 0xB6], [1, 2]) == .invalidUTF8, "the end stands in the middle of a character")
    }

    @Test func anArrayThatLiesAboutItsCountIsRefused() {
        var bytes = encoded([Int32(7)])
        bytes[12] = 0x7F
        #expect(throws: DecodingFailure.malformed) { try decode(bytes, .int4Array, as: [Int32].self) }
        bytes = encoded([Int32(7)])
        bytes[23] = 9
        #expect(throws: DecodingFailure.malformed) { try decode(bytes, .int4Array, as: [Int32].self) }
    }

    @Test func arraysGrowPastTheFirstGuess() throws {
        let bodies = [[UInt8](), [1], [UInt8](repeating: 2, count: 10_000), [3]]
        #expect(try decode(encoded(bodies), .byteaArray, as: [[UInt8]].self) == bodies)
    }

    @Test func aWriterThatWasCopiedIsNotWrittenOver() {
        var first = PostgresWriter(byteCapacity: 64)
        first.write(UInt8(1))
        var second = first
        first.write(UInt8(2))
        second.write(UInt8(3))
        #expect(first.bytes == [1, 2])
        #expect(second.bytes == [1, 3])
    }

    @Test func whatCannotBeStoredIsRemembered() {
        let nul: SQL = "SELECT \("a\u{0}")"
        #expect(nul.body.values.refusal == .nulInText)
        let invalid: SQL = "SELECT \(1), \(PostgresJSON(utf8: [0xFF]))"
        #expect(invalid.body.values.refusal == .invalidUTF8)
        let within: SQL = "SELECT \(sql: nul)"
        #expect(within.body.values.refusal == .nulInText)
    }

    @Test func limitsNameTheValue() {
        var limits = PostgresConfiguration.Limits()
        limits.valueByteCountMax = 10
        #expect(limits.refusal(of: "SELECT \("0123456789")") == nil)
        let error = limits.refusal(of: "SELECT \(1), \("0123456789a")")
        #expect(error?.code == .valueRefused)
        #expect(error?.note?.contains("11 bytes") == true)
    }

    @Test(arguments: [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0193ab00-1234-7abc-9def-0123456789ab",
    ])
    func identifiersPrintAsTheyAreRead(_ text: String) throws {
        let uuid = try #require(PostgresUUID(text))
        #expect(uuid.description == text)
        #expect(PostgresUUID(text.uppercased()) == uuid)
        #expect(PostgresUUID(bytes: encoded(uuid)) == uuid)
    }

    @Test(arguments: [
        "", "0193ab00-1234-7abc-9def-0123456789a", "0193ab0-01234-7abc-9def-0123456789ab",
        "g" + String(repeating: "0", count: 35),
    ])
    func whatIsNoIdentifierIsRefused(_ text: String) {
        #expect(PostgresUUID(text) == nil)
    }

    @Test func timesAreCountedFromBothEpochs() {
        #expect(PostgresTimestamp(microsecondsSinceUnixEpoch: 946_684_800_000_000)?.microsecondsSince2000 == 0)
        #expect(PostgresTimestamp(microsecondsSinceUnixEpoch: .min) == nil)
        #expect(PostgresTimestamp.infinity.microsecondsSinceUnixEpoch == nil)
        #expect(PostgresTimestamp(microsecondsSince2000: .max - 1).microsecondsSinceUnixEpoch == nil)
        #expect(PostgresTimestamp(microsecondsSince2000: -1).description == "1999-12-31T23:59:59.999999Z")
    }

    @Test(arguments: [
        (0, "2000-01-01"), (59, "2000-02-29"), (60, "2000-03-01"), (-1, "1999-12-31"), (36_583, "2100-02-28"),
        (36_584, "2100-03-01"), (-730_425, "0000-03-01"), (-730_486, "-0001-12-31"),
    ])
    func daysAreNamed(_ day: Int64, _ name: String) {
        #expect(CivilDate(daysSince2000: day).description == name)
    }
}
