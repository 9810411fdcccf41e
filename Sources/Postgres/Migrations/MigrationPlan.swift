/// Compares the migrations of the program with those of the database.
struct MigrationPlan {
    /// A migration as the program has it, with its checksum.
    struct Known: Equatable {
        var number: Int
        var name: String
        var checksum: String
    }

    /// A row of the table that records what was applied.
    typealias Applied = Known

    let set: String
    let known: [Known]
    let applied: [Applied]

    /// The numbers still to be applied, in order.
    ///
    /// A database that is ahead of the program is accepted: an older program may run beside a newer one.
    ///
    /// - Throws: when both contradict each other, naming the migration.
    func pending() throws(PostgresError) -> [Int] {
        for (index, migration) in known.enumerated() where migration.number != index + 1 {
            throw refusal(
                migration, "has the number \(migration.number) where \(index + 1) is due; number without gaps")
        }
        for (index, row) in applied.enumerated() {
            guard row.number == index + 1 else {
                throw refusal(row, "is applied but \(index + 1) before it is not; repair the table by hand")
            }
            guard index < known.count else { break }
            guard row.checksum == known[index].checksum else {
                throw refusal(known[index], "was edited after it was applied; undo the edit and add a new migration")
            }
        }
        return known.dropFirst(applied.count).map(\.number)
    }

    private func refusal(_ migration: Known, _ problem: String) -> PostgresError {
        PostgresError(
            .migrationRefused, note: "migration \(migration.number) \"\(migration.name)\" of \(set) \(problem)")
    }
}
