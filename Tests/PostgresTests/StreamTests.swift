import Testing

@testable import Postgres

@Suite struct StreamTests {
    private func copyBytes(_ rows: [(Int, String?)]) -> [UInt8] {
        var writer = PostgresWriter()
        writer.write(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8))
        for (number, text) in rows {
            writer.write(Int16(2))
            writer.writeWithLength { number.encode(into: &$0) }
            if let text {
                writer.writeWithLength { text.encode(into: &$0) }
            } else {
                writer.write(Int32(-1))
            }
        }
        writer.write(Int16(-1))
        return writer.bytes
    }

    /// However the bytes are cut, the rows are the same.
    @Test(arguments: [1, 2, 3, 7, 19, 20, 1000])
    func aCopyIsCutIntoRows(_ chunkSize: Int) throws {
        let expected: [(Int, String?)] = [(1, "one"), (2, nil), (3, "")]
        let bytes = copyBytes(expected)
        var reader = CopyRowReader()
        var rows: [(Int, String?)] = []
        for start in stride(from: 0, to: bytes.count, by: chunkSize) {
            reader.add(Array(bytes[start..<min(start + chunkSize, bytes.count)]))
            while let row = try reader.next() { rows.append(try row.decode(Int.self, String?.self)) }
        }
        #expect(reader.isOver)
        #expect(rows.map(\.0) == expected.map(\.0))
        #expect(rows.map(\.1) == expected.map(\.1))
    }

    @Test func aCopyInAnotherFormatIsRefused() {
        var reader = CopyRowReader()
        reader.add(Array("1\tone\n2\ttwo\n3\tthree\n".utf8))
        #expect(throws: PostgresError.self) { try reader.next() }
    }

    @Test func negativeLengthsAreRefused() {
        var reader = CopyRowReader()
        var bytes = copyBytes([(1, "one")])
        bytes[21] = 0x80
        reader.add(bytes)
        #expect(throws: PostgresError.self) { try reader.next() }
    }

    @Test func slicesGrowAndShrinkWithTheRows() {
        var size = SliceSize(byteCountMax: 100_000)
        #expect(size.rowCount == 16)
        size.note(rowCount: 16, byteCount: 1600)
        #expect(size.rowCount == 64)
        size.note(rowCount: 64, byteCount: 6400)
        size.note(rowCount: 256, byteCount: 25_600)
        #expect(size.rowCount == 256)
        size.note(rowCount: 256, byteCount: 256 * 40_000)
        #expect(size.rowCount == 1)
        size.note(rowCount: 1, byteCount: 100)
        #expect(size.rowCount == 4)
        size.note(rowCount: 0, byteCount: 0)
        #expect(size.rowCount == 4)
    }

    @Test func everySliceSizeHasItsStatement() {
        var size = SliceSize(byteCountMax: .max)
        var seen: [Int] = []
        for _ in 0..<6 {
            #expect(size.count.text == "\(size.rowCount)")
            seen.append(size.rowCount)
            size.note(rowCount: 1, byteCount: 1)
        }
        #expect(seen.last == 4096)
    }
}
