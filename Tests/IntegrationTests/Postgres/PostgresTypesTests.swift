import LocalServers
import Postgres
import Testing

/// Every type goes to the server and comes back as it was, and the server sees what was meant.
@Suite struct PostgresTypesTests {
    /// Sends each value, gets it back, and has the server print it.
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [(Value, String)], _ pool: PostgresPool
    ) async throws {
        for (value, text) in values {
            let row = try await pool.query("SELECT \(value), (\(value))::text").only()
            let (back, printed) = try row.decode(Value.self, String?.self)
            #expect(back == value)
            #expect(printed == text)
        }
    }

    @Test func numbers() async throws {
        try await Database.withPool { pool in
            try await roundTrip([(Int16.min, "-32768"), (Int16.max, "32767"), (0, "0")], pool)
            try await roundTrip([(Int32.min, "-2147483648"), (Int32.max, "2147483647")], pool)
            try await roundTrip([(Int64.min, "-9223372036854775808"), (Int64.max, "9223372036854775807")], pool)
            try await roundTrip([(Int.min, "-9223372036854775808"), (-1, "-1")], pool)
            try await roundTrip(
                [
                    (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"),
                    (Double.leastNonzeroMagnitude, "5e-324"),
                    (-0.0, "-0"), (Double.infinity, "Infinity"), (-Double.infinity, "-Infinity"), (0.1, "0.1"),
                ], pool)
            try await roundTrip([(Float.greatestFiniteMagnitude, "3.4028235e+38"), (Float(0.1), "0.1")], pool)
            let nan = try await pool.query("SELECT \(Double.nan)").only().decode(Double.self, at: 0)
            #expect(nan.isNaN)
            try await roundTrip([(true, "true"), (false, "false")], pool)
        }
    }

    @Test func textAndBytes() async throws {
        try await Database.withPool { pool in
            let long = String(repeating: "ä€😀", count: 100_000)
            try await roundTrip([("", ""), ("'; DROP TABLE x; --", "'; DROP TABLE x; --"), (long, long)], pool)
            let everyByte = Array(UInt8.min...UInt8.max)
            try await roundTrip([([UInt8](), #"\x"#), ([0, 255], #"\x00ff"#)], pool)
            let back = try await pool.query("SELECT \(everyByte), length(\(everyByte))").only()
            #expect(try back.decode([UInt8].self, at: 0) == everyByte)
            #expect(try back.decode(Int.self, at: 1) == 256)
            let others = try await pool.query("SELECT 'abc'::varchar(9), 'abc'::char(3), 'abc'::name").only()
            let (varchar, char, name) = try others.decode(String.self, String.self, String.self)
            #expect([varchar, char, name] == ["abc", "abc", "abc"])
        }
    }

    @Test func identifiersAndTimes() async throws {
        try await Database.withPool { pool in
            let uuid = try #require(PostgresUUID("00112233-4455-6677-8899-AABBCCDDEEFF"))
            try await roundTrip(
                [
                    (uuid, "00112233-4455-6677-8899-aabbccddeeff"),
                    (PostgresUUID(high: .max, low: .max), "ffffffff-ffff-ffff-ffff-ffffffffffff"),
                    (PostgresUUID(high: 0, low: 0), "00000000-0000-0000-0000-000000000000"),
                ], pool)
            #expect(uuid.description == "00112233-4455-6677-8899-aabbccddeeff")
            for (text, printed) in [
                ("2000-01-01 00:00:00+00", "2000-01-01T00:00:00.000000Z"),
                ("1969-12-31 23:59:59.999999+00", "1969-12-31T23:59:59.999999Z"),
                ("2024-02-29 12:34:56.789012+00", "2024-02-29T12:34:56.789012Z"),
                ("4713-01-01 00:00:00+00 BC", "-4712-01-01T00:00:00.000000Z"),
                ("infinity", "infinity"), ("-infinity", "-infinity"),
                ("294276-12-31 23:59:59.999999+00", "294276-12-31T23:59:59.999999Z"),
            ] {
                let row = try await pool.query("SELECT \(text)::text::timestamptz").only()
                let time = try row.decode(PostgresTimestamp.self, at: 0)
                #expect(time.description == printed)
                let same = try await pool.query("SELECT \(time) = \(text)::text::timestamptz").only()
                #expect(try same.decode(Bool.self, at: 0))
            }
            let epoch = try await pool.query("SELECT to_timestamp(0)").only().decode(PostgresTimestamp.self, at: 0)
            #expect(epoch.microsecondsSinceUnixEpoch == 0)
        }
    }

    @Test func json() async throws {
        try await Database.withPool { pool in
            let document = PostgresJSON(#"{"a": [1, "ä", null]}"#)
            try await roundTrip([(document, document.text), (PostgresJSON("null"), "null")], pool)
            let row = try await pool.query("SELECT \(document)->'a'->>1, '[1]'::json, '[2]'::jsonb").only()
            #expect(try row.decode(String.self, at: 0) == "ä")
            #expect(try row.decode(PostgresJSON.self, at: 1).text == "[1]")
            #expect(try row.decode(String.self, at: 2) == "[2]")
            #expect(try row.decode([UInt8].self, at: 2) == Array("[2]".utf8))
            let error = try await postgresError { try await pool.query("SELECT \(PostgresJSON("{"))") }
            #expect(error.code == .valueRejected)
        }
    }

    @Test func nulls() async throws {
        try await Database.withPool { pool in
            let nothing: Int? = nil
            let something: Int? = 4
            let row = try await pool.query("SELECT \(nothing), \(something), \(nothing) IS NULL").only()
            let (null, four, isNull) = try row.decode(Int?.self, Int?.self, Bool.self)
            #expect(null == nil && four == 4 && isNull)
            let error = try await postgresError { _ = try row.decode(Int.self, at: 0) }
            #expect(error.code == .decodingFailed)
        }
    }

    @Test func arrays() async throws {
        try await Database.withPool { pool in
            let uuids = [PostgresUUID(high: 1, low: 2), PostgresUUID(high: 3, low: 4)]
            try await roundTrip(
                [([Int](), "{}"), ([1, .min, .max], "{1,-9223372036854775808,9223372036854775807}")], pool)
            try await roundTrip([([Int32(1), 2], "{1,2}")], pool)
            try await roundTrip([([Int16(1), 2], "{1,2}")], pool)
            try await roundTrip([([true, false], "{t,f}")], pool)
            try await roundTrip([([0.5, 1e300], "{0.5,1e+300}")], pool)
            try await roundTrip([([Float(0.5)], "{0.5}")], pool)
            try await roundTrip([(["a", "", "ä,\"}"], #"{a,"","ä,\"}"}"#)], pool)
            try await roundTrip([([[UInt8]([1, 2]), []], #"{"\\x0102","\\x"}"#)], pool)
            try await roundTrip([(uuids, "{\(uuids[0]),\(uuids[1])}")], pool)
            try await roundTrip([([PostgresJSON("1"), PostgresJSON("{}")], #"{1,"{}"}"#)], pool)
            try await roundTrip([([1, nil, 3] as [Int?], "{1,NULL,3}")], pool)
            try await roundTrip([([nil, "x"] as [String?], "{NULL,x}")], pool)
            let times = [PostgresTimestamp.infinity, PostgresTimestamp(microsecondsSince2000: -1)]
            let back = try await pool.query("SELECT \(times)").only().decode([PostgresTimestamp].self, at: 0)
            #expect(back == times)
            let nested = try await pool.query("SELECT ARRAY[[1,2],[3,4]]").only()
            let error = try await postgresError { _ = try nested.decode([Int].self, at: 0) }
            #expect(error.code == .decodingFailed)
        }
    }

    @Test func aWrongTypeSaysWhichColumn() async throws {
        try await Database.withPool { pool in
            let row = try await pool.query("SELECT 'x' AS note, 70000 AS number").only()
            let mismatch = try await postgresError { _ = try row.decode(Int.self, "note") }
            #expect(mismatch.note == "column \"note\" of type text cannot be read as Int")
            let range = try await postgresError { _ = try row.decode(Int16.self, "number") }
            #expect(range.note == "column \"number\" of type integer does not fit in Int16")
            let missing = try await postgresError { _ = try row.decode(Int.self, "nothing") }
            #expect(missing.code == .decodingFailed)
        }
    }

    @Test func whatTheServerCannotStoreIsRefusedBeforeItIsSent() async throws {
        try await Database.withPool { pool in
            let invalid = PostgresJSON(utf8: [0x22, 0xFF, 0x22])
            for statement: SQL in ["SELECT \("a\u{0}b")", "SELECT \(["a\u{0}b"])", "SELECT \(invalid)"] {
                let error = try await postgresError { try await pool.query(statement) }
                #expect(error.code == .valueRefused)
            }
            let inside = try await postgresError { try await pool.query("SELECT \(PostgresJSON(#""\u0000""#))") }
            #expect(inside.code == .valueRejected)
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func anOversizedValueIsRefusedOnSend() async throws {
        try await Database.withPool {
            $0.limits.valueByteCountMax = 1000
        } _: { pool in
            let error = try await postgresError {
                try await pool.query("SELECT length(\([UInt8](repeating: 1, count: 1001)))")
            }
            #expect(error.code == .valueRefused)
            #expect(error.note?.contains("1001 bytes") == true)
            let fits = try await pool.query("SELECT length(\([UInt8](repeating: 1, count: 1000)))").only()
            #expect(try fits.decode(Int.self, at: 0) == 1000)
        }
    }
}
