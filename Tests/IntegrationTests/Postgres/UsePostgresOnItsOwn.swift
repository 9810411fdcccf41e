import Postgres

/// Takes a few orders and gives what all of them come to.
func takeOrders(_ configuration: PostgresConfiguration) async throws -> Int {
    let pool = PostgresPool(configuration)
    defer { pool.close() }

    // Every process may do this when it starts: the first applies what is missing, the others find it done.
    try await pool.migrate(
        "orders",
        [
            Migration(
                1, "create orders", ["CREATE TABLE orders (id uuid PRIMARY KEY, note text, cents bigint NOT NULL)"]),
            Migration(2, "no debts", ["ALTER TABLE orders ADD CHECK (cents >= 0)"]),
        ])

    // A value in the text becomes a parameter. What the tasks of one transaction send travels together.
    let ids = (0..<10).map { number in PostgresUUID(high: 0x0193_0F5A_0000_7000, low: 0x8000_0000_0000_0000 | number) }
    try await pool.withTransaction { transaction in
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, id) in ids.enumerated() {
                group.addTask {
                    try await transaction.execute(
                        "INSERT INTO orders (id, note, cents) VALUES (\(id), \("order \(number)"), \(100 * number))")
                }
            }
            try await group.waitForAll()
        }
    }

    // A failure says of what kind it is and who can help; its description holds no values.
    do {
        try await pool.execute("INSERT INTO orders (id, cents) VALUES (\(ids[0]), \(1))")
    } catch {
        guard error.code == .uniqueViolation else { throw error }
        print("taken already: \(error.constraintName ?? "")")
    }

    // What is inside of a savepoint can be undone alone.
    let sum = try await pool.withTransaction { transaction in
        do {
            try await transaction.withSavepoint { inner in
                try await inner.execute("UPDATE orders SET cents = cents - \(500)")
            }
        } catch let error as PostgresError where error.code == .checkViolation {
            print("nobody pays less than nothing")
        }
        let row = try await transaction.query("SELECT sum(cents)::bigint, count(note) FROM orders").only()
        let (cents, noteCount) = try row.decode(Int.self, Int.self)
        precondition(noteCount == ids.count)
        return cents
    }

    // Many rows: in by COPY, out in slices, with memory that stays small.
    try await pool.withTransaction { transaction in
        try await transaction.copyIn("COPY orders (id, note, cents) FROM STDIN (FORMAT binary)") { writer in
            for number in UInt64(100)..<1100 {
                let id = PostgresUUID(high: 0x0193_0F5A_0000_7000, low: 0x8000_0000_0000_0000 | number)
                try await writer.write(id, nil as String?, 0)
            }
        }
        var count = 0
        for try await row in transaction.stream("SELECT id FROM orders") {
            _ = try row.decode(PostgresUUID.self, at: 0)
            count += 1
        }
        precondition(count == 1010)
    }

    // When the connection breaks during COMMIT only the server knows what happened; it can be asked.
    do {
        try await pool.withTransaction { transaction in
            try await transaction.execute("UPDATE orders SET note = \("seen") WHERE id = \(ids[0])")
        }
    } catch let error as PostgresError {
        guard let id = error.transactionID else { throw error }
        // Nil when it was so long ago that the server has forgotten.
        let outcome = try await pool.outcome(of: id)
        print(outcome == .committed ? "it happened" : "it did not, or nobody knows")
    }
    return sum
}
