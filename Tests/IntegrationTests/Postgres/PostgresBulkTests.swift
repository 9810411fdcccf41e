import Glibc
import LocalServers
import Postgres
import Reactor
import Testing

/// Large results and loads, with memory that stays small.
@Suite(.serialized) struct PostgresBulkTests {
    /// The most memory this process has held since ``forgetPeakMemory()``, in KiB (proc(5), `VmHWM`).
    private func peakMemory() throws -> Int {
        let file = try #require(fopen("/proc/self/status", "re"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("VmHWM:") else { continue }
            return try #require(text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first)
        }
        throw NothingThrown()
    }

    private func forgetPeakMemory() throws { try write("5", to: "/proc/self/clear_refs") }

    @Test func rowsGoInAndOutByCopy() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint, note text, body bytea)")
            let written = try await pool.withTransaction { transaction in
                try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                    for id in 0..<5000 {
                        let note = id % 7 == 0 ? nil : "note \(id)"
                        try await writer.write(id, note, [UInt8](repeating: UInt8(id % 256), count: id % 50))
                    }
                }
            }
            #expect(written == 5000)
            try await pool.withTransaction { transaction in
                try await transaction.copyOutRows(
                    "COPY (SELECT id, note, body FROM item ORDER BY id) TO STDOUT (FORMAT binary)"
                ) { rows in
                    var id = 0
                    for try await row in rows {
                        let (number, note, body) = try row.decode(Int.self, String?.self, [UInt8].self)
                        #expect(number == id)
                        #expect(note == (id % 7 == 0 ? nil : "note \(id)"))
                        #expect(body == [UInt8](repeating: UInt8(id % 256), count: id % 50))
                        id += 1
                    }
                    #expect(id == 5000)
                }
                // The connection pipelines again, in the same transaction.
                #expect(try await transaction.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0) == 5000)
            }
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func textFormatsPassAsTheyAre() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint, note text)")
            try await pool.withTransaction { transaction in
                try await transaction.copyIn("COPY item FROM STDIN (FORMAT csv)") { writer in
                    try await writer.write(bytes: Array("1,one\n2,\"t,wo\"\n".utf8))
                }
                let text = try await transaction.copyOut("COPY item TO STDOUT (FORMAT csv)") { chunks in
                    var bytes: [UInt8] = []
                    for try await chunk in chunks { bytes += chunk }
                    return String(decoding: bytes, as: UTF8.self)
                }
                #expect(text == "1,one\n2,\"t,wo\"\n")
            }
        }
    }

    @Test func aCopyThatFailsAbortsTheTransactionAndKeepsTheConnection() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            let duplicate = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                        try await writer.write(1)
                        try await writer.write(1)
                    }
                }
            }
            #expect(duplicate.code == .uniqueViolation)
            struct GivenUp: Error {}
            await #expect(throws: GivenUp.self) {
                try await pool.withTransaction { transaction in
                    try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                        try await writer.write(1)
                        throw GivenUp()
                    }
                }
            }
            let notCopy = try await postgresError {
                try await pool.withTransaction { try await $0.copyIn("SELECT 1") { _ in } }
            }
            #expect(notCopy.code == .misuse)
            for wrongWay: SQL in ["COPY item TO STDOUT", "COPY missing FROM STDIN"] {
                _ = try await postgresError {
                    try await pool.withTransaction { try await $0.copyIn(wrongWay) { _ in } }
                }
            }
            let wrongWay = try await postgresError {
                try await pool.withTransaction { try await $0.copyOut("COPY item FROM STDIN") { _ in } }
            }
            #expect(wrongWay.code == .misuse)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func aCopyOutMayBeLeftEarly() async throws {
        try await Database.withPool { pool in
            _ = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.copyOutRows(
                        "COPY (SELECT n FROM generate_series(1, 10000000) AS n) TO STDOUT (FORMAT binary)"
                    ) { rows in
                        for try await row in rows where try row.decode(Int32.self, at: 0) == 10 { break }
                    }
                }
            }
            #expect(try await pool.query("SELECT 1").count == 1)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func statementsOfOtherTasksWaitForACopy() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            let count = try await pool.withTransaction { transaction in
                let isCopying = Meeting(count: 2)
                async let count = {
                    await isCopying.arrive()
                    return try await transaction.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0)
                }()
                try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                    try await writer.write(1)
                    try await writer.flush()
                    await isCopying.arrive()
                    try await writer.write(2)
                }
                return try await count
            }
            #expect(count == 2)
        }
    }

    @Test func aStreamReadsAnyNumberOfRowsInSlices() async throws {
        try await Database.withPool { pool in
            try await pool.withTransaction(readOnly: true) { transaction in
                var expected = 1
                for try await row in transaction.stream("SELECT n FROM generate_series(1, \(20_000)) AS n") {
                    #expect(try row.decode(Int.self, at: 0) == expected)
                    expected += 1
                }
                #expect(expected == 20_001)
                let empty = transaction.stream("SELECT 1 WHERE false")
                for try await _ in empty { Issue.record("a row came out of nothing") }
                // Two at once, and other statements in between.
                var inner = transaction.stream("SELECT n FROM generate_series(1, 100) AS n").makeAsyncIterator()
                for try await row in transaction.stream("SELECT n FROM generate_series(1, 100) AS n") {
                    let other = try #require(try await inner.next())
                    #expect(try row.decode(Int.self, at: 0) == other.decode(Int.self, at: 0))
                    try await transaction.query("SELECT 1")
                }
                // Left early: the cursor closes with the next statement.
                for try await _ in transaction.stream("SELECT n FROM generate_series(1, 100) AS n") { break }
                let open = try await transaction.query("SELECT count(*) FROM pg_cursors WHERE name LIKE 'skald%'")
                    .only()
                #expect(try open.decode(Int.self, at: 0) == 0)
            }
        }
    }

    @Test func aStreamThatFailsSaysSo() async throws {
        try await Database.withPool { pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    for try await _ in transaction.stream("SELECT 100 / (50 - n) FROM generate_series(1, 100) AS n") {}
                }
            }
            #expect(error.sqlState == "22012")
        }
    }

    /// Each write fills the socket, so that each races with the thread that finds it writable again.
    @Test func manyWritesThatFillTheSocketAllGoThrough() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (body bytea)")
            let body = [UInt8](repeating: 7, count: 300_000)
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await pool.withTransaction { transaction in
                            let copy: SQL = "COPY item FROM STDIN (FORMAT binary) WHERE false"
                            try await transaction.copyIn(copy) { writer in
                                for _ in 0..<500 { try await writer.write(body) }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.query("SELECT FROM item").isEmpty)
        }
    }

    /// The server is patient; the task that reads is held up for longer than a silent server is believed in.
    @Test func aServerIsNotBlamedForATaskThatComesLate() async throws {
        let late = EventLoop(name: "late")
        try await Database.withPool {
            $0.timeouts.statement = .seconds(1)
        } _: { pool in
            let rowCount = try await withTaskExecutorPreference(late) {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("SET LOCAL statement_timeout = 0")
                    return try await transaction.copyOutRows(
                        """
                        COPY (
                            SELECT repeat('x', 1000), CASE WHEN n = 100 THEN pg_sleep(1)::text END
                            FROM generate_series(1, 200) AS n
                        ) TO STDOUT (FORMAT binary)
                        """
                    ) { rows in
                        var count = 0
                        for try await _ in rows {
                            // Allowed (blocking-sleep): what blocks the thread is the thing tested.
                            if count == 0 { Task(executorPreference: late) { usleep(5_000_000) } }
                            count += 1
                        }
                        return count
                    }
                }
            }
            #expect(rowCount == 200)
        }
    }

    /// What passes through, both ways, would not fit in what this test allows.
    @Test func memoryStaysBounded() async throws {
        try await Database.withPool {
            $0.timeouts.statement = .seconds(240)
        } _: { pool in
            try await pool.execute("CREATE UNLOGGED TABLE item (id bigint, body bytea)")
            try await pool.execute("ALTER TABLE item ALTER body SET STORAGE PLAIN")
            let body = [UInt8](repeating: 7, count: 4000)
            let rowCount = 32_000
            try forgetPeakMemory()
            let before = try peakMemory()
            try await pool.withTransaction { transaction in
                try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                    for id in 0..<rowCount { try await writer.write(id, body) }
                }
                var byteCount = 0
                try await transaction.copyOutRows("COPY item TO STDOUT (FORMAT binary)") { rows in
                    for try await row in rows { byteCount += try row.decode([UInt8].self, at: 1).count }
                }
                #expect(byteCount == rowCount * body.count)
                byteCount = 0
                for try await row in transaction.stream("SELECT body FROM item") {
                    byteCount += try row.decode([UInt8].self, at: 0).count
                }
                #expect(byteCount == rowCount * body.count)
            }
            let grown = try peakMemory() - before
            #expect(grown < 64 * 1024, "128 MB moved three times took \(grown) KiB")
        }
    }

    /// A value past the limit on parameters goes in by COPY, and comes out in slices the server cuts.
    @Test func aLargeValueMovesByCopyAndInSlices() async throws {
        try await Database.withPool {
            $0.limits.valueByteCountMax = 256 * 1024
            $0.timeouts.statement = .seconds(240)
        } _: { pool in
            try await pool.execute("CREATE TABLE item (body bytea)")
            let body = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let refused = try await postgresError { try await pool.execute("INSERT INTO item VALUES (\(body))") }
            #expect(refused.code == .valueRefused)
            try await pool.withTransaction { transaction in
                try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { try await $0.write(body) }
                var read: [UInt8] = []
                let sliceCount = 200_000
                while read.count < body.count {
                    let slice = try await transaction.query(
                        "SELECT substring(body FROM \(Int32(read.count + 1)) FOR \(Int32(sliceCount))) FROM item")
                    read += try slice.only().decode([UInt8].self, at: 0)
                }
                #expect(read == body)
            }
        }
    }
}
